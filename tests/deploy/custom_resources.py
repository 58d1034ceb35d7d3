"""Schemas of the custom resources that the Kubernetes files use: their fields in use, no others.

Written by hand after the definitions that Prometheus' operator and Strimzi publish, which no Python
package brings: a field that is not here is a slip, or is to be looked up there and added.
"""

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_DURATION: Schema = {"type": "string", "pattern": r"^\d+(ms|s|m|h)$"}
_LABELS: Schema = {"type": "object", "additionalProperties": _TEXT}
_METADATA: Schema = {"name": _TEXT, "labels": _LABELS}


def _object(needed: str = "", **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": needed.split(),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _resource(version: str, kind: str, spec: Schema) -> Schema:
    return _object(
        "apiVersion kind metadata spec",
        apiVersion={"const": version},
        kind={"const": kind},
        metadata=_object("name", **_METADATA),
        spec=spec,
    )


_ENDPOINT = _object(
    "port",
    port=_TEXT,
    interval=_DURATION,
    authorization=_object(credentials=_object("name key", name=_TEXT, key=_TEXT)),
    relabelings=_list(_object(targetLabel=_TEXT, replacement=_TEXT, sourceLabels=_list(_TEXT))),
)
_RULE = _object(
    "expr",
    record=_TEXT,
    alert=_TEXT,
    expr=_TEXT,
    labels=_LABELS,
    annotations=_LABELS,
    **{"for": _DURATION},
)
_VOLUME = _object(
    "id type size",
    id={"type": "integer"},
    type={"enum": ["persistent-claim", "ephemeral"]},
    size={"type": "string", "pattern": r"^\d+Gi$"},
    kraftMetadata={"const": "shared"},
    deleteClaim={"type": "boolean"},
)
_LISTENER = _object(
    "name port type tls",
    name={"type": "string", "pattern": "^[a-z0-9]{1,11}$"},
    port={"type": "integer", "minimum": 9092},
    type={"enum": ["internal", "route", "loadbalancer", "nodeport", "ingress", "cluster-ip"]},
    tls={"type": "boolean"},
)

SCHEMAS = {
    "ServiceMonitor": _resource(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        _object(
            "selector endpoints",
            selector=_object(matchLabels=_LABELS),
            endpoints=_list(_ENDPOINT),
        ),
    ),
    "PrometheusRule": _resource(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        _object(groups=_list(_object("name rules", name=_TEXT, rules=_list(_RULE)))),
    ),
    "KafkaNodePool": _resource(
        "kafka.strimzi.io/v1",
        "KafkaNodePool",
        _object(
            "replicas roles storage",
            replicas={"type": "integer", "minimum": 1},
            roles=_list({"enum": ["controller", "broker"]}),
            storage=_object("type", type={"const": "jbod"}, volumes=_list(_VOLUME)),
        ),
    ),
    "Kafka": _resource(
        "kafka.strimzi.io/v1",
        "Kafka",
        _object(
            "kafka",
            kafka=_object("listeners", listeners=_list(_LISTENER), config={"type": "object"}),
        ),
    ),
}
