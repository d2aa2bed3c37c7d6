"""The application: routes, errors, the page, and the guard before them."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from zoograph.data.errors import ZoographError
from zoograph.scripts.serving.answering import Answers
from zoograph.scripts.serving.guard import Guard
from zoograph.scripts.serving.jobs.jobs import Jobs
from zoograph.scripts.serving.problems import MEDIA_TYPE, Problem, tell_problems
from zoograph.scripts.serving.questions import RecommendQuestion
from zoograph.scripts.serving.routes.asking import asking, recommend_kept
from zoograph.scripts.serving.routes.choosing import choosing
from zoograph.scripts.serving.routes.exploring import exploring
from zoograph.scripts.serving.routes.looking import first_dataset, looking
from zoograph.scripts.serving.routes.recording import recording
from zoograph.scripts.serving.settings import Settings

PAGE = Path(__file__).with_name("page")
_THREADS = 32  # beside those that may wait
_log = logging.getLogger("zoograph.serve")


def make_app(settings: Settings | None = None, *, warm: bool = True) -> Guard:
    """Return the application, complete with its guard.

    Args:
        settings: of the operator; default: loopback, and reading alone.
        warm: whether the first question is answered before the first client is.
    """
    settings = settings or Settings()
    answers, jobs = Answers(settings.limits), Jobs(settings.limits.jobs)

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = settings.limits.waiting + _THREADS
        if warm:
            await to_thread.run_sync(_warm, answers, settings)
        yield
        await to_thread.run_sync(jobs.close)
        answers.close()

    app = FastAPI(
        title="zoograph",
        version=version("zoograph"),
        description="How well a pre-trained model will do on a dataset it was never fine-tuned on.",
        lifespan=live,
        docs_url=None,  # these pages load their parts from elsewhere
        redoc_url=None,
        responses={
            "4XX": {"description": "What went wrong, and what to do.", "content": _problem_content()},
            "5XX": {"description": "Ask again later, or tell the operator.", "content": _problem_content()},
        },
    )
    for router in (
        looking(answers, settings),
        asking(answers, settings),
        exploring(answers),
        recording(answers, settings),
        choosing(answers, jobs, settings),
    ):
        app.include_router(router)
    tell_problems(app)
    _describe_problems(app)
    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    return Guard(app, settings)


def _warm(answers: Answers, settings: Settings) -> None:
    """Answer the question that the page begins with, so that everything it needs is read and loaded."""
    try:
        recommend_kept(answers, settings, RecommendQuestion(dataset=first_dataset(answers)))
        recommend_kept(answers, settings, RecommendQuestion(dataset=first_dataset(answers)))  # now that all is in place
        gc.collect()
        gc.freeze()  # what stays loaded is not looked through again and again
    except ZoographError as error:
        _log.warning("Nothing can be recommended yet: %s", error)


def _problem_content() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _describe_problems(app: FastAPI) -> None:
    """Have the description of the interface say what errors look like."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        found = describe()
        schemas = found["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path in found["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        return found

    app.openapi = openapi  # type: ignore[method-assign]
