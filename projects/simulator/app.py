"""The simulator as one object: a server, what it knows, and the handles by which tests hold it."""

import datetime as dt
import ipaddress
import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from projects.simulator.access import Access
from projects.simulator.answers import Answer, Request, error_body, json_answer, page_not_found
from projects.simulator.darkroom import Darkroom
from projects.simulator.faults import Script, fault
from projects.simulator.operations import Operation, Store
from projects.simulator.server import Server
from projects.simulator.tokens import Tokens
from projects.simulator.wires.cloud_storage import CloudStorage
from projects.simulator.wires.gemini_files import GeminiFiles
from projects.simulator.wires.gemini_omni import GeminiOmni
from projects.simulator.wires.gemini_veo import GeminiVeo
from projects.simulator.wires.oauth import OAuth
from projects.simulator.wires.vertex_veo import VertexVeo
from projects.simulator.wires.wire import Manners, Route, Stage, Wire

CONTROL = "/__control__"

REMEMBERED = 2_000
"""How many requests are kept for tests; of their bodies at most BODY_KEPT bytes each."""

BODY_KEPT = 2**20

WIRES: tuple[type[Wire], ...] = (GeminiVeo, GeminiOmni, GeminiFiles, VertexVeo, CloudStorage, OAuth)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Simulator:
    """Google on a local port.

    `state_dir` keeps operations, pictures and clips over restarts. `latency` is seconds from submit to
    done, or a range to draw from; with 0 the first poll waits until the clip is rendered. `keys` and
    `tokens`: see Access. `retired` "refuse" switches models off on their day, as Google does.
    `list_operations` False takes the list of operations away (its existence at Google is unverified).
    `interaction_reads` "uri" tells where the video of an interaction lies, where "inline" brings its bytes.
    `base_url` stands in answers instead of the Host header. `clips_dir` may be shared, so that many
    simulators render a clip once. `clock` returns the time with its zone. An address that is not loopback
    needs `remote`. `token_lifetime` is the seconds for which an access token from `/token` is good.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        address: tuple[str, int] = ("127.0.0.1", 0),
        latency: float | tuple[float, float] = 0,
        keys: Collection[str] | None = None,
        tokens: Collection[str] | None = None,
        retired: Literal["serve", "refuse"] = "serve",
        list_operations: bool = True,
        base_url: str = "",
        interaction_reads: Literal["inline", "uri"] = "inline",
        clips_dir: Path | None = None,
        clock: Callable[[], dt.datetime] = _now,
        remote: bool = False,
        token_lifetime: int = 3599,
    ) -> None:
        if not remote and not _is_loopback(address[0]):
            raise ValueError(f"The simulator listens on loopback only; {address[0]} is not loopback.")
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque(maxlen=REMEMBERED)
        self._counts: Counter[str] = Counter()
        self._script = Script()
        self._stopping = threading.Event()
        self._store = Store(state_dir)
        self._darkroom = Darkroom(clips_dir or state_dir / "clips")
        self._tokens = Tokens(clock=clock, lifetime=token_lifetime)
        manners = Manners(
            latency=latency,
            retired=retired,
            list_operations=list_operations,
            base_url=base_url.rstrip("/"),
            interaction_reads=interaction_reads,
        )
        stage = Stage(
            store=self._store,
            darkroom=self._darkroom,
            access=Access(keys=keys, tokens=tokens, issued=self._tokens),
            manners=manners,
            clock=clock,
            pause=self._stopping.wait,
        )
        self._wires = [kind(stage) for kind in WIRES]
        self._server = Server(address, self._respond)
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops at once: sleeping faults wake up, connections end, a clip in work is given up."""
        self._stopping.set()
        self._server.close()
        self._darkroom.close()

    @property
    def url(self) -> str:
        host, port = self._server.server_name, self._server.server_port
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def charged(self) -> int:
        """How many paid requests were accepted, ever, under this `state_dir`."""
        return len(self._store)

    @property
    def operations(self) -> list[str]:
        """Names of all accepted operations, from the oldest to the newest."""
        return [operation.name for operation in self.accepted]

    @property
    def accepted(self) -> list[Operation]:
        """The records of all accepted operations, from the oldest to the newest."""
        return self._store.all()

    @property
    def requests(self) -> list[Request]:
        """What was received since the start, with all headers, from the oldest to the newest."""
        with self._lock:
            return list(self._requests)

    @property
    def counts(self) -> dict[str, int]:
        """Requests since the start per route (see faults.ROUTES; "" for addresses that do not exist)."""
        with self._lock:
            return dict(self._counts)

    def script(self, route: str, kind: str, *, times: int | None = 1, **options: Any) -> None:
        """Lets the next `times` requests of a route go wrong (None: all of them); kinds: see faults.KINDS.

        Raises ValueError for an unknown route, kind or option.
        """
        self._script.add(route, fault(kind, **options), times=times)

    def clear(self) -> None:
        """Forgets faults that have not struck yet."""
        self._script.clear()

    def revoke_tokens(self) -> None:
        """Ends all access tokens that `/token` has given out so far: their next use is answered with 401."""
        self._tokens.revoke()

    def settle(self, timeout: float = 60) -> None:
        """Waits until all clips ordered so far are rendered; TimeoutError after `timeout` seconds."""
        if not self._darkroom.settle(timeout):
            raise TimeoutError("Clips are still being rendered.")

    def _respond(self, request: Request) -> Answer:
        if request.path == CONTROL:
            return self._control(request)
        wire, route = self._address(request)
        known = replace(request, route=route.name if route else "")
        with self._lock:
            self._requests.append(replace(known, body=request.body[:BODY_KEPT]))
            self._counts[known.route] += 1
        if wire is None or route is None:
            return page_not_found()
        return wire.answer(known, route, self._script.take(route.name))

    def _address(self, request: Request) -> tuple[Wire | None, Route | None]:
        """Who answers there, and as what; nobody at an address that does not exist."""
        found = ((wire, route) for wire in self._wires if (route := wire.route(request)))
        return next(found, (None, None))

    def _control(self, request: Request) -> Answer:
        """Reads and steers from outside the process; for callers on this machine only."""
        if not _is_loopback(request.client):
            return json_answer(error_body(403, "Control requests are taken from loopback only."), status=403)
        match request.method:
            case "GET":
                pass
            case "DELETE":
                self.clear()
            case "POST" if request.headers.get("content-type", "").startswith("application/json"):
                try:
                    self._take_order(request.body)
                except ValueError as error:
                    return json_answer(error_body(400, str(error)), status=400)
            case _:
                return json_answer(error_body(400, "Send GET, DELETE, or POST with JSON."), status=400)
        return json_answer(
            {
                "charged": self.charged,
                "operations": self.operations,
                "requests": self.counts,
                "waiting": self._script.waiting(),
            }
        )

    def _take_order(self, body: bytes) -> None:
        order = json.loads(body)
        if not isinstance(order, dict) or not {"route", "fault"} <= order.keys():
            raise ValueError('A control request is an object with "route" and "fault".')
        times = order.pop("times", 1)
        self._script.add(str(order.pop("route")), fault(str(order.pop("fault")), **order), times=times)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
