"""``serve``: a REST API and a page to explore, on this machine or behind a proxy."""

from __future__ import annotations

import logging
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.terminal.numbers import parse_time
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json

if TYPE_CHECKING:
    from zoograph.scripts.serving.settings import Settings


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; other machines reach none but their own.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 for a free one.")] = 8642,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A name by which clients call the server, such as that of a proxy. Repeatable."
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="File of tokens, one a line, with which runs may be sent and models chosen. Also: ZOOGRAPH_TOKEN."
        ),
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Folder whose sub-folders of images clients may ask about. Repeatable."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Models that may be chosen at a time, each in a process of its own.")
    ] = 1,
    max_budget: Annotated[
        float | None,
        typer.Option(parser=parse_time, metavar="TIME", help="Longest budget of one choice; default: 1h."),
    ] = None,
    weights_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            help="A folder with files of weights that models are chosen from, beside those in the hub's cache.",
        ),
    ] = None,
    models_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            writable=True,
            help="A folder in which models may be kept that were fine-tuned while one was chosen.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve a REST API over the zoo and its predictors, and a page to explore them.

    The page is at the printed address, and the description of the API at `/openapi.json`. Without a token the server
    only reads. Answers follow every new record and every promotion of a predictor.

    Example: `zoograph serve --port 8642`
    """
    uvicorn = _import_uvicorn()
    from zoograph.scripts.memory import give_back_large_blocks
    from zoograph.scripts.serving.settings import Limits, Settings, allowed_hosts, name_roots, read_tokens

    give_back_large_blocks()
    settings = Settings(
        allowed_hosts(host, allow_host or ()),
        read_tokens(token_file),
        name_roots(images or ()),
        Limits(jobs=jobs, job_seconds=max_budget or Limits.job_seconds),
        weights_dir,
        models_dir and models_dir.resolve(),
    )
    listening = _listen(host, port)
    server = make_server(uvicorn, settings, host, port)
    address = listening.getsockname()
    url = f"http://{f'[{address[0]}]' if ':' in address[0] else address[0]}:{address[1]}/"

    def say() -> None:
        if as_json:
            print_json("serve", {"url": url, "writable": bool(settings.tokens)}, indent=None)
        else:
            print(f"zoograph answers at {url} (Ctrl-C ends it).", flush=True)

    server.on_start = say
    server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket at an address.

    Raises:
        ZoographError: if there is no such address, or something else listens there.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except (OSError, UnicodeError) as error:  # of a name that can be none
        found.close()
        raise ZoographError(
            f"A server cannot listen at '{host}', port {port} ({getattr(error, 'strerror', None) or error}). Choose "
            "another port with --port, or an address of this machine with --host."
        ) from error
    return found


def make_server(uvicorn: Any, settings: Settings, host: str, port: int, *, warm: bool = True) -> Any:
    """Return a server of the application that tells ``on_start`` when it answers."""
    from zoograph.scripts.serving.app import make_app
    from zoograph.scripts.serving.protocol import patient_protocol

    class Server(uvicorn.Server):  # type: ignore[misc]
        """Says when it answers."""

        on_start: Any = None

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started and self.on_start is not None:
                self.on_start()

    logging.getLogger("zoograph.serve").addHandler(logging.StreamHandler(sys.stderr))
    limits = settings.limits
    return Server(
        uvicorn.Config(
            make_app(settings, warm=warm),
            host=host,
            port=port,
            http=patient_protocol(limits.seconds_to_send),
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=limits.connections,
            timeout_graceful_shutdown=5,
        )
    )


def _import_uvicorn() -> Any:
    try:
        import fastapi  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise ZoographError(
            "The server needs the packages fastapi and uvicorn. Install them with \"pip install 'zoograph[serve]'\"."
        ) from error
    return uvicorn
