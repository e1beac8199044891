"""What a user of Python would write: confluent-kafka with its JSON serializers, its defaults, and commits that are waited for.

Takes one argument: the request, as JSON.
"""

import json
import random
import signal
import sys
import time
import uuid
from datetime import datetime, timezone

from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import (
    JSONDeserializer,
    JSONSerializer,
)
from confluent_kafka.serialization import MessageField, SerializationContext

CUSTOMERS = [
    ("Alice Johnson", True),
    ("Bob Smith", True),
    ("Charlie Davis", False),
    ("Diana Martinez", False),
    ("Ethan Brown", True),
    ("Fatima Khan", False),
    ("Grace Lee", True),
    ("Hiro Tanaka", False),
]
DRINKS = [
    ("Espresso", 3.25),
    ("Americano", 3.75),
    ("Cappuccino", 4.75),
    ("Latte", 4.95),
    ("Cold Brew", 5.25),
]


def random_order():
    name, member = random.choice(CUSTOMERS)
    drink, price = random.choice(DRINKS)
    quantity = random.randint(1, 4)
    return {
        "event_id": str(uuid.uuid4()),
        "customer_name": name,
        "drink_name": drink,
        "quantity": quantity,
        "amount": round(price * quantity, 2),
        "is_member": member,
        "ts_utc": datetime.now(timezone.utc).isoformat(),
    }


def connect(request):
    registry = SchemaRegistryClient({"url": request["registry"]})
    context = SerializationContext(request["topic"], MessageField.VALUE)
    return registry, context


def produce(request):
    registry, context = connect(request)
    schema = registry.get_schema(request["schemaId"]).schema_str
    serialize = JSONSerializer(schema, registry)
    producer = Producer(
        {"bootstrap.servers": ",".join(request["brokers"]), "acks": 1}
    )
    failed = []

    def delivered(error, _message):
        if error is not None:
            failed.append(error)

    rate = request.get("rate")
    started = time.monotonic()
    for number in range(request["count"]):
        if rate is not None:
            time.sleep(max(0, started + number / rate - time.monotonic()))
        order = random_order()
        key = order["customer_name"].lower().replace(" ", "_")
        while True:
            try:
                producer.produce(
                    request["topic"],
                    serialize(order, context),
                    key.encode("utf-8"),
                    on_delivery=delivered,
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    if producer.flush(60) > 0 or failed:
        raise RuntimeError(f"Not everything was delivered: {failed[:1]}")


def consume(request):
    registry, context = connect(request)
    deserialize = JSONDeserializer(None, schema_registry_client=registry)
    consumer = Consumer(
        {
            "bootstrap.servers": ",".join(request["brokers"]),
            "group.id": request["group"],
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([request["topic"]])
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    count = request.get("count")
    processed = 0
    amount = 0.0
    while not stopped and (count is None or processed < count):
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error() is not None:
            raise RuntimeError(str(message.error()))
        event = deserialize(message.value(), context)
        processed += 1
        amount += event["amount"]
        if request["do"] == "watch":
            made = datetime.fromtimestamp(
                message.timestamp()[1] / 1000, timezone.utc
            )
            line = {
                "topic": message.topic(),
                "partition": message.partition(),
                "offset": str(message.offset()),
                "timestamp": made.isoformat(timespec="milliseconds"),
                "key": message.key().decode("utf-8"),
                "event": event,
            }
            print(json.dumps(line), flush=True)
        if processed % request["commitEvery"] == 0:
            consumer.commit(asynchronous=False)
    if processed % request["commitEvery"] != 0:
        consumer.commit(asynchronous=False)
    consumer.close()
    print(json.dumps({"processed": processed, "amount": amount}))


def main():
    request = json.loads(sys.argv[1])
    if request["do"] == "produce":
        produce(request)
    else:
        consume(request)


main()
