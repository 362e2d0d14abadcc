"""The exported PMML in pmml4s, through pypmml: one Java machine for all documents, ended with its engine."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import groupby
from shutil import which
from typing import Any

from chs_ml.export import export
from chs_ml.formula import WeightsFile
from tests.export.conformance.suite import Answer
from tests.history.asof.engines import unreachable

Reading = dict[str, Any]


class Pypmml:
    """A row's None is a missing metric. Java is a process of its own, behind py4j: jpype's would live inside this one,
    and could be started once only.
    """

    name = "pypmml"
    skips: dict[str, str] = {}  # noqa: RUF012

    def __init__(self) -> None:
        if not (find_spec("pypmml") and find_spec("lxml")):
            unreachable("pypmml and lxml are not installed: the extra dev brings them")
        if which("java") is None:
            unreachable("no Java to test with")
        from pypmml import PMMLContext

        self.process, gateway = java()
        PMMLContext(gateway_instance=gateway)

    def answers(self, weights: WeightsFile, rows: Sequence[Reading]) -> list[Answer]:
        given = self.readings(export(weights, "pmml"), rows)
        return [Answer(one["score"], one.get("churn_probability"), one.get("band") or None) for one in given]

    def readings(self, text: str, rows: Sequence[Reading]) -> list[Reading]:
        """Every output by name, of each row: those that JSON can hold in one call, and the others one by one."""
        from pypmml import Model

        model = Model.fromString(text)
        found: list[Reading] = []
        for plain, part in groupby(rows, key=is_plain):
            asked = list(part)
            if plain:
                found += json.loads(model.predict(json.dumps(asked)))
            else:
                found += [dict(model.predict(row)) for row in asked]
        return found

    def close(self) -> None:
        """End Java, and see that it has ended."""
        from pypmml import Model

        Model.close()
        self.process.stdin.close()
        self.process.wait(30)


def java() -> tuple[Any, Any]:
    """Start Java as pypmml does, but keep its process."""
    from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
    from pypmml.jvm import Py4jGateway

    gateway = Py4jGateway()
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"]
    port, process = launch_gateway(
        classpath=gateway.classpath, javaopts=options, die_on_exit=True, return_proc=True, daemonize_redirect=True
    )
    Py4jGateway._gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auto_convert=True))
    Py4jGateway._jvm = Py4jGateway._gateway.jvm
    return process, gateway


def is_plain(row: Reading) -> bool:
    return all(math.isfinite(value) for value in row.values() if isinstance(value, float))
