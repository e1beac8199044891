"""A program like those that Python's users of Kafka have: confluent-kafka with its JSON serializers and its defaults.

Reads one request from standard input, as JSON, and answers on standard output, as JSON.
"""

import json
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import (
    JSONDeserializer,
    JSONSerializer,
)
from confluent_kafka.serialization import MessageField, SerializationContext

DEADLINE_SECONDS = 150


def produce(request, registry):
    """Sends each order, with settings of librdkafka's if wanted; answers with the schema's id and where each order is."""
    topic = request["topic"]
    serialize = JSONSerializer(request["schema"], registry)
    context = SerializationContext(topic, MessageField.VALUE)
    producer = Producer(
        {"bootstrap.servers": request["brokers"], **request.get("settings", {})}
    )
    records = []
    schema_id = None

    def delivered(error, message):
        if error is not None:
            raise RuntimeError(str(error))
        records.append(
            {
                "partition": message.partition(),
                "offset": str(message.offset()),
                "key": message.key().decode("utf-8"),
            }
        )

    for order in request["orders"]:
        value = serialize(order, context)
        schema_id = int.from_bytes(value[1:5], "big")
        key = order["customer_name"].lower().replace(" ", "_")
        producer.produce(
            topic, value, key.encode("utf-8"), on_delivery=delivered
        )
    if producer.flush(DEADLINE_SECONDS) > 0:
        raise RuntimeError("Not everything was delivered")
    return {"schema_id": schema_id, "records": records}


def consume(request, registry):
    """Reads so many orders: from the topic's start, or those of the partitions that a group gives it."""
    topic = request["topic"]
    deserialize = JSONDeserializer(
        request.get("schema"), schema_registry_client=registry
    )
    context = SerializationContext(topic, MessageField.VALUE)
    group = request.get("group")
    consumer = Consumer(
        {
            "bootstrap.servers": request["brokers"],
            "group.id": group or "unused",
            "enable.auto.commit": group is not None,
            "auto.offset.reset": "earliest",
        }
    )
    if group is not None:
        consumer.subscribe([topic])
    else:
        # No group is joined: the partitions are taken by their numbers.
        partitions = consumer.list_topics(topic, DEADLINE_SECONDS).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    records = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(records) < request["count"]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"Only {len(records)} orders came")
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error() is not None:
            raise RuntimeError(str(message.error()))
        records.append(
            {
                "partition": message.partition(),
                "offset": str(message.offset()),
                "key": message.key().decode("utf-8"),
                "event": deserialize(message.value(), context),
            }
        )
    consumer.close()
    return {"records": records}


def main():
    request = json.load(sys.stdin)
    registry = SchemaRegistryClient({"url": request["registry"]})
    answer = {"produce": produce, "consume": consume}[request["do"]](
        request, registry
    )
    json.dump(answer, sys.stdout)


main()
