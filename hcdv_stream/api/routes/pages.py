"""Pages of a list that is made whole: where one begins, and the cursor of the next."""

from hcdv_stream.api.routes.cursors import Cursor, read_cursor
from hcdv_stream.api.routes.dependencies import AnswerContext, ReadRequest


async def begin_page(read: ReadRequest, text: str | None, query: int) -> tuple[AnswerContext, int]:
    """Take the state that a cursor goes on in, or the newest, and how many entries come before."""
    cursor = read_cursor(text, query)
    context = await read.context(at=cursor.view if cursor else None)
    return context, cursor.done if cursor else 0


def next_cursor(context: AnswerContext, query: int, done: int, total: int) -> str | None:
    """Return the cursor of the next page, None on the last one."""
    if done >= total:
        return None
    return Cursor(view=context.snapshot.key, query=query, place=[], done=done).text()
