"""Steering a running practice server: numbers, faults, reset, health. Reached at ``/admin/…``, never limited."""

import orjson
from aiohttp import web

from pipeline.domain.names import HOSTS, Platform
from pipeline.errors import BadInput
from pipeline.practice.faults import parse_fault
from pipeline.practice.gate import Gate
from pipeline.practice.stage import Stage

__all__ = ["admin_routes"]


def admin_routes(gate: Gate, stage: Stage) -> list[web.RouteDef]:
    """``GET counters`` · ``POST``/``DELETE faults`` · ``POST reset`` · ``GET health``."""

    async def counters(request: web.Request) -> web.Response:  # noqa: ARG001  # aiohttp's signature
        return _json(gate.counters.as_json())

    async def add_faults(request: web.Request) -> web.Response:
        try:
            given = orjson.loads(await request.read())
            faults = [parse_fault(one) for one in (given if isinstance(given, list) else [given])]
        except (BadInput, orjson.JSONDecodeError) as error:
            return _json({"error": str(error)}, 400)
        for fault in faults:
            gate.faults.add(fault)
        return _json({"faults": len(gate.faults)})

    async def lift_faults(request: web.Request) -> web.Response:
        name = request.query.get("platform")
        if name is not None and name not in HOSTS:
            return _json({"error": f"platform is {name!r}; it must be one of {', '.join(HOSTS)}"}, 400)
        gate.faults.clear(None if name is None else HOSTS[name])
        return _json({"faults": len(gate.faults)})

    async def reset(request: web.Request) -> web.Response:  # noqa: ARG001  # aiohttp's signature
        gate.reset()
        return _json({"reset": True})

    async def health(request: web.Request) -> web.Response:  # noqa: ARG001  # aiohttp's signature
        titles = {platform.value: len(stage.world.ids(platform)) for platform in Platform}
        return _json({"status": "ok", "speed": gate.speed, "titles": titles})

    return [
        web.get("/admin/counters", counters),
        web.post("/admin/faults", add_faults),
        web.delete("/admin/faults", lift_faults),
        web.post("/admin/reset", reset),
        web.get("/admin/health", health),
    ]


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
