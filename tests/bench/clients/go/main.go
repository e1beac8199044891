// What a user of Go would write: franz-go, a JSON Schema library, its defaults for sending, and a commit of what was processed.
//
// Takes one argument: the request, as JSON.
package main

import (
	"context"
	crypto "crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/twmb/franz-go/pkg/kgo"
)

type request struct {
	Do          string
	Brokers     []string
	Registry    string
	Topic       string
	Group       string
	SchemaID    uint32
	Count       *int
	Rate        *float64
	CommitEvery int
}

type order struct {
	EventID      string  `json:"event_id"`
	CustomerName string  `json:"customer_name"`
	DrinkName    string  `json:"drink_name"`
	Quantity     int     `json:"quantity"`
	Amount       float64 `json:"amount"`
	IsMember     bool    `json:"is_member"`
	TsUTC        string  `json:"ts_utc"`
}

var customers = []struct {
	name   string
	member bool
}{
	{"Alice Johnson", true}, {"Bob Smith", true}, {"Charlie Davis", false}, {"Diana Martinez", false},
	{"Ethan Brown", true}, {"Fatima Khan", false}, {"Grace Lee", true}, {"Hiro Tanaka", false},
}

var drinks = []struct {
	name  string
	cents int
}{
	{"Espresso", 325}, {"Americano", 375}, {"Cappuccino", 475}, {"Latte", 495}, {"Cold Brew", 525},
}

func randomOrder() order {
	customer := customers[rand.Intn(len(customers))]
	drink := drinks[rand.Intn(len(drinks))]
	quantity := 1 + rand.Intn(4)
	var id [16]byte
	_, _ = crypto.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return order{
		EventID:      fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
		CustomerName: customer.name,
		DrinkName:    drink.name,
		Quantity:     quantity,
		Amount:       float64(drink.cents*quantity) / 100,
		IsMember:     customer.member,
		TsUTC:        time.Now().UTC().Format("2006-01-02T15:04:05.000000-07:00"),
	}
}

func schemaOf(ask request) (*jsonschema.Schema, error) {
	answer, err := http.Get(fmt.Sprintf("%s/schemas/ids/%d", ask.Registry, ask.SchemaID))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var body struct{ Schema string }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(body.Schema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("order.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("order.json")
}

func encode(schema *jsonschema.Schema, id uint32, event order) ([]byte, error) {
	// The library checks what has the shape of parsed JSON, not a struct.
	if err := schema.Validate(map[string]any{
		"event_id":      event.EventID,
		"customer_name": event.CustomerName,
		"drink_name":    event.DrinkName,
		"quantity":      event.Quantity,
		"amount":        event.Amount,
		"is_member":     event.IsMember,
		"ts_utc":        event.TsUTC,
	}); err != nil {
		return nil, err
	}
	text, err := json.Marshal(event)
	return append(binary.BigEndian.AppendUint32([]byte{0}, id), text...), err
}

func decode(schema *jsonschema.Schema, id uint32, value []byte) (event map[string]any, err error) {
	if len(value) < 5 || value[0] != 0 || binary.BigEndian.Uint32(value[1:]) != id {
		return nil, fmt.Errorf("not an order of schema %d", id)
	}
	if err := json.Unmarshal(value[5:], &event); err != nil {
		return nil, err
	}
	return event, schema.Validate(event)
}

func produce(ctx context.Context, ask request, schema *jsonschema.Schema) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(ask.Brokers...),
		kgo.DefaultProduceTopic(ask.Topic),
		kgo.RequiredAcks(kgo.LeaderAck()),
		kgo.DisableIdempotentWrite(),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	failed := make(chan error, 1)
	started := time.Now()
	for number := 0; number < *ask.Count; number++ {
		if ask.Rate != nil {
			due := started.Add(time.Duration(float64(number) / *ask.Rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		event := randomOrder()
		value, err := encode(schema, ask.SchemaID, event)
		if err != nil {
			return err
		}
		key := strings.ReplaceAll(strings.ToLower(event.CustomerName), " ", "_")
		client.Produce(ctx, &kgo.Record{Key: []byte(key), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func consume(ctx context.Context, ask request, schema *jsonschema.Schema) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(ask.Brokers...),
		kgo.ConsumerGroup(ask.Group),
		kgo.ConsumeTopics(ask.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
	)
	if err != nil {
		return err
	}
	processed, amount := 0, 0.0
	for ask.Count == nil || processed < *ask.Count {
		fetches := client.PollRecords(ctx, ask.CommitEvery)
		if ctx.Err() != nil {
			break
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, record := range fetches.Records() {
			event, err := decode(schema, ask.SchemaID, record.Value)
			if err != nil {
				return err
			}
			processed++
			amount += event["amount"].(float64)
			if ask.Do == "watch" {
				line, err := json.Marshal(map[string]any{
					"topic":     record.Topic,
					"partition": record.Partition,
					"offset":    strconv.FormatInt(record.Offset, 10),
					"timestamp": record.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z"),
					"key":       string(record.Key),
					"event":     event,
				})
				if err != nil {
					return err
				}
				fmt.Println(string(line))
			}
		}
		if err := client.CommitUncommittedOffsets(ctx); err != nil {
			return err
		}
	}
	client.Close()
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"processed": processed, "amount": amount})
}

func run() error {
	var ask request
	if err := json.Unmarshal([]byte(os.Args[1]), &ask); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	schema, err := schemaOf(ask)
	if err != nil {
		return err
	}
	if ask.Do == "produce" {
		return produce(ctx, ask, schema)
	}
	return consume(ctx, ask, schema)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
