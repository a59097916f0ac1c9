"""The node for a language-model agent: a server of the Model Context Protocol (MCP) on standard streams.

Needs the package `mcp`; everything that knows the protocol is in this module.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mcp_types as types
import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from craton.jobs.job import Job
from craton.jobs.queue import POLL_SECONDS
from craton.model.errors import ContractError, CratonError, InvalidError, NotFoundError
from craton.model.permission import visible_to
from craton.process.processes import find_process
from craton.web.mcp_datasets import (
    DatasetAnswer,
    Describe,
    Search,
    SearchAnswer,
    describe_dataset,
    search_datasets,
)
from craton.web.mcp_instructions import instructions
from craton.web.mcp_jobs import (
    MOST_SECONDS,
    CancelJob,
    GetJob,
    JobAnswer,
    Run,
    cancel_job,
    get_job,
    job_answer,
    run_process,
)
from craton.web.mcp_processes import (
    AppAnswer,
    AppsAnswer,
    DescribeApp,
    DescribeProcess,
    ListApps,
    ListProcesses,
    ProcessAnswer,
    ProcessesAnswer,
    describe_app,
    describe_process,
    list_apps,
    list_processes,
    process_answer,
)
from craton.web.mcp_read import Read, ReadAnswer, picture_of, read_dataset
from craton.web.mcp_tool import Json, Session, Tool, plain, read_asked, schema_of

THREADS = 4
"""Calls that are answered at a time. The threads stay, for each holds connections to catalogue and jobs."""

PAGE = 100
"""Datasets in one page of resources."""

DATASET, PROCESS = "craton://dataset/", "craton://process/"
JSON_TYPE = "application/json"

TOOLS = (
    Tool("search_datasets", "Search datasets", Search, SearchAnswer, search_datasets),
    Tool("describe_dataset", "Describe a dataset", Describe, DatasetAnswer, describe_dataset),
    Tool("read_dataset", "Look into a dataset", Read, ReadAnswer, read_dataset),
    Tool("list_processes", "List processes", ListProcesses, ProcessesAnswer, list_processes),
    Tool("describe_process", "Describe a process", DescribeProcess, ProcessAnswer, describe_process),
    Tool("list_apps", "List applications", ListApps, AppsAnswer, list_apps),
    Tool("describe_app", "Describe an application", DescribeApp, AppAnswer, describe_app),
    Tool("run_process", "Run a process or an application", Run, JobAnswer, run_process, writes=True),
    Tool("get_job", "See how far a job is", GetJob, JobAnswer, get_job),
    Tool("cancel_job", "Stop a job", CancelJob, JobAnswer, cancel_job, writes=True),
)

type Context = ServerRequestContext[Any]


def serve(session: Session) -> None:
    """Serve `session` on standard input and output until the input ends."""
    asyncio.run(_serve(session))


async def _serve(session: Session) -> None:
    with ThreadPoolExecutor(THREADS, thread_name_prefix="mcp") as threads:
        server = make_server(session, threads)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


def make_server(session: Session, threads: ThreadPoolExecutor) -> Server[Any]:
    """Server of `session` that answers in `threads`, on any transport."""
    door = _Door(session, threads)
    return Server(
        "craton", version=session.version, title=session.title or "Craton",
        instructions=instructions(session), on_list_tools=door.list_tools, on_call_tool=door.call_tool,
        on_list_resources=door.list_resources, on_list_resource_templates=door.list_templates,
        on_read_resource=door.read_resource,
    )  # fmt: skip


class _Door:
    """The requests of the protocol, answered by the tools."""

    def __init__(self, session: Session, threads: ThreadPoolExecutor) -> None:
        self._session, self._threads = session, threads

    async def _apart[T](self, act: Callable[..., T], *arguments: Any) -> T:
        """Result of `act` in one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(act, *arguments))

    async def list_tools(
        self, _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Tools this agent may call."""
        may_run = self._session.manager is not None
        return types.ListToolsResult(tools=[_declared(t) for t in TOOLS if may_run or not t.writes])

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Answer of a tool, or what was wrong with the call."""
        tool = next((t for t in TOOLS if t.name == params.name), None)
        if tool is None:
            known = ", ".join(t.name for t in TOOLS)
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name!r}; there are: {known}")
        try:
            return await self._call(context, tool, params.arguments or {})
        except CratonError as error:
            return _refused(error)
        except Exception as error:  # noqa: BLE001 - a fault in one call must not end the session
            traceback.print_exception(error)
            return _refused(CratonError("a fault in Craton", hint="the log of the server says where"))

    async def _call(self, context: Context, tool: Tool, arguments: Json) -> types.CallToolResult:
        if tool.writes and self._session.manager is None:
            raise InvalidError(
                f"{tool.name} is not allowed here", hint="a person must start: craton mcp NODE --allow-run"
            )
        asked = read_asked(tool, arguments)
        answer = await self._apart(tool.act, self._session, asked)
        if isinstance(answer, ReadAnswer) and answer.picture:
            return _shown(answer, await self._apart(picture_of, self._session, answer))
        if not isinstance(answer, Job):
            return _told(answer)
        job = await self._follow(context, answer, min(getattr(asked, "wait_seconds", 0.0), MOST_SECONDS))
        told = await self._apart(job_answer, self._session, job)
        failed = isinstance(asked, Run) and job.fault is not None
        return _told(told, failed=failed)

    async def _follow(self, context: Context, job: Job, seconds: float) -> Job:
        """`job` when it is over, or as it is after `seconds`; the agent hears of progress if it wants to."""
        loop = asyncio.get_running_loop()
        end, told = loop.time() + seconds, -1.0
        while not job.is_over and loop.time() < end:
            if job.percent > told:
                told = job.percent
                await context.session.report_progress(told, 100.0, job.message or job.state)
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, end - loop.time())))
            job = await self._apart(self._session.queue().get, job.id)
        return job

    async def list_resources(
        self, _context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Datasets the agent may see, a page at a time."""
        cursor = params.cursor if params and params.cursor else "0"
        if not cursor.isdecimal():
            raise MCPError(types.INVALID_PARAMS, f"{cursor!r} is no cursor of this server")
        offset = min(int(cursor), 2**31)
        records = await self._apart(self._page, offset)
        resources = [
            types.Resource(
                uri=DATASET + r.id, name=r.id, title=r.name("en"), description=r.kind, mime_type=JSON_TYPE
            )
            for r in records
        ]
        more = str(offset + PAGE) if len(records) == PAGE else None
        return types.ListResourcesResult(resources=resources, next_cursor=more)

    def _page(self, offset: int) -> list[Any]:
        visible = visible_to(self._session.actor)
        return list(self._session.store.find(visibility=visible, limit=PAGE, offset=offset))

    async def list_templates(
        self, _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Addresses of records and of processes."""
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=DATASET + "{id}", name="dataset", mime_type=JSON_TYPE,
                    description="The whole record of a dataset; ID@VERSION for an older version.",
                ),
                types.ResourceTemplate(
                    uri_template=PROCESS + "{id}", name="process", mime_type=JSON_TYPE,
                    description="The contract of a process, with the schema of its inputs.",
                ),
            ]
        )  # fmt: skip

    async def read_resource(
        self, _context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """A record, or the contract of a process."""
        uri = str(params.uri)
        try:
            content = await self._apart(self._resource, uri)
        except NotFoundError as error:
            raise MCPError(types.INVALID_PARAMS, error.message, {"uri": uri, "hint": error.hint}) from error
        text = msgspec.json.encode(plain(content)).decode()
        contents = types.TextResourceContents(uri=uri, mime_type=JSON_TYPE, text=text)
        return types.ReadResourceResult(contents=[contents])

    def _resource(self, uri: str) -> msgspec.Struct:
        if uri.startswith(DATASET):
            return self._session.record(uri.removeprefix(DATASET))
        if uri.startswith(PROCESS):
            return process_answer(find_process(uri.removeprefix(PROCESS)))
        raise NotFoundError(
            f"there is no resource {uri!r}", hint=f"addresses begin with {DATASET} or {PROCESS}"
        )


def _declared(tool: Tool) -> types.Tool:
    """`tool` as the protocol tells it."""
    annotations = types.ToolAnnotations(
        title=tool.title, read_only_hint=not tool.writes, destructive_hint=tool.name == "cancel_job",
        idempotent_hint=True, open_world_hint=False,
    )  # fmt: skip
    return types.Tool(
        name=tool.name, title=tool.title, description=tool.description, input_schema=schema_of(tool.asked),
        output_schema=schema_of(tool.answer), annotations=annotations,
    )  # fmt: skip


def _told(answer: msgspec.Struct, *, failed: bool = False) -> types.CallToolResult:
    """`answer` as structured content, and as text for agents that take no other."""
    content = plain(answer)
    text = msgspec.json.encode(content).decode()
    return types.CallToolResult(
        content=[types.TextContent(text=text)], structured_content=content, is_error=failed
    )


def _shown(answer: ReadAnswer, picture: bytes) -> types.CallToolResult:
    """`answer` with its picture."""
    result = _told(answer)
    data = base64.b64encode(picture).decode()
    result.content.append(types.ImageContent(data=data, mime_type=answer.picture))
    return result


def _refused(error: CratonError) -> types.CallToolResult:
    """An error in words, and in parts that a program can read."""
    parts: Json = {"kind": error.kind, "message": error.message, "hint": error.hint}
    if isinstance(error, ContractError):
        parts |= {name: getattr(error, name) for name in ("process", "parameter", "allowed", "came")}
    content = plain({key: value for key, value in parts.items() if value})
    text = plain(str(error))
    return types.CallToolResult(
        content=[types.TextContent(text=text)], structured_content=content, is_error=True
    )
