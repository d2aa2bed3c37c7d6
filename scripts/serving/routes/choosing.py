"""Routes of jobs: choose a model for a folder of the server, under a budget, for those who have a token."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from zoograph.data.errors import UnknownName
from zoograph.data.records.fields import Name
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.answering import Answers
from zoograph.scripts.serving.documents import JobDocument, JobList
from zoograph.scripts.serving.folders import list_folders
from zoograph.scripts.serving.jobs.jobs import Job, Jobs
from zoograph.scripts.serving.jobs.worker import Order
from zoograph.scripts.serving.problems import Refused
from zoograph.scripts.serving.questions import ChooseQuestion
from zoograph.scripts.serving.rendering import respond
from zoograph.scripts.serving.routes.token import Authorization, require_token
from zoograph.scripts.serving.settings import Settings
from zoograph.training.candidates.named_models import find_named
from zoograph.training.measuring.subject import MEASURABLE

JobId = Annotated[Name, Path(description="As `POST /choose` answered.")]


def choosing(answers: Answers, jobs: Jobs, settings: Settings) -> APIRouter:
    """Return the routes of jobs."""
    router = APIRouter(tags=["choose"])

    @router.post("/choose", status_code=202, response_model=JobDocument)
    def post_choose(question: ChooseQuestion, authorization: Authorization = "") -> Response:
        """Begin to choose a model for a folder of the server; the job goes on when the client is gone."""
        require_token(settings, authorization)
        job = jobs.start(_order(question, answers.store, settings), question.folder)
        return respond(_describe(job), {"Location": f"/choose/{job.id}"}, 202)

    @router.get("/choose", response_model=JobList)
    def get_jobs(authorization: Authorization = "") -> Response:
        """List the jobs that the server knows, the newest first."""
        require_token(settings, authorization)
        return respond({"jobs": [_describe(job) for job in jobs.list()]})

    @router.get("/choose/{id}", response_model=JobDocument)
    def get_job(id: JobId, authorization: Authorization = "") -> Response:
        """Say how far a job is, where it stands, and what it chose."""
        require_token(settings, authorization)
        return respond(_describe(jobs.find(id)))

    @router.delete("/choose/{id}", response_model=JobDocument)
    def delete_job(id: JobId, authorization: Authorization = "") -> Response:
        """Stop a job; what it measured stays in the store."""
        require_token(settings, authorization)
        return respond(_describe(jobs.cancel(id)))

    return router


def _order(question: ChooseQuestion, store: RecordStore, settings: Settings) -> Order:
    """Return what a job is to do.

    Raises:
        UnknownName: if no folder is listed under the name, or nobody knows a model.
        Refused: if more is asked for than the operator allows.
    """
    folders, most = list_folders(settings.roots), settings.limits.job_seconds
    if question.folder not in folders:
        raise UnknownName("folder", question.folder, sorted(folders)[:5])
    if question.budget > most:
        raise Refused(422, f"'budget' must be {most:g} seconds or less on this server (got {question.budget:g}).")
    if question.protocol not in MEASURABLE:
        raise Refused(422, f"'protocol' must be {' or '.join(MEASURABLE)} (got {question.protocol}).")
    return Order(
        folder=str(folders[question.folder]),
        save_model=_place_for_model(question, settings),
        weights_dir=settings.weights_dir and str(settings.weights_dir),
        budget=question.budget,
        protocol=question.protocol,
        regret=question.regret,
        domain=question.domain,
        filters=question.filters.model_copy(update={"models": _known(question.filters.models, store)}),
    )


def _place_for_model(question: ChooseQuestion, settings: Settings) -> str | None:
    """Return the folder for a fine-tuned model, which lies in that of the operator, whatever a client calls it."""
    if question.save_model is None:
        return None
    if settings.models_dir is None:
        raise Refused(422, "No model is kept on this server. Its operator names a folder for them with --models-dir.")
    if question.protocol is not Protocol.FINETUNE:
        raise Refused(
            422, f"'save_model' keeps a fine-tuned model: 'protocol' must be finetune (got {question.protocol})."
        )
    folder = settings.models_dir / question.save_model
    if folder.is_symlink():
        raise Refused(422, f"'{question.save_model}' is a link on this server. Choose another name for the model.")
    return str(folder)


def _known(models: tuple[str, ...], store: RecordStore) -> tuple[str, ...]:
    """Return ids for names, and patterns as they are, so that none of them is taken for a file of the server."""
    cards, names = store.snapshot().models, store.names()
    return tuple(next(iter(find_named(names, cards, [name], files=False).exact), name) for name in models)


def _describe(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "folder": job.folder,
        "status": job.status,
        "budget": job.budget,
        "elapsed": round(job.elapsed, 1),
        "progress": round(job.progress, 3),
        "stage": job.stage,
        "standing": job.standing,
        "choice": job.choice,
        "error": job.error,
    }
