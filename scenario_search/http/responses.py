"""What a response says: how it arrived, and the error that it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scenario_search.errors import APIError, status_error_class
from scenario_search.http.retries import retry_after_seconds
from scenario_search.messages import Message, Term
from scenario_search.text import clean, shown_url, without_signature
from scenario_search.wire.codec import read_json
from scenario_search.wire.response import ResponseInfo
from scenario_search.wire.secrets import Secrets, rewrite

if TYPE_CHECKING:
    from scenario_search.http.transport import Answer

__all__ = ["error_context", "response_info", "status_error"]

_MESSAGE_SHOWN = 500
_BODY_KEPT = 2**16
_TOO_MANY_REQUESTS = 429


def response_info(answer: Answer, retries_taken: int, secrets: Secrets) -> ResponseInfo:
    """Returns how a response arrived."""
    request_id = answer.headers.get("x-request-id")
    return ResponseInfo(
        status_code=answer.status,
        headers=answer.headers,
        request_id=request_id and secrets.erased(request_id),
        elapsed=answer.elapsed,
        retries_taken=retries_taken,
    )


def error_context(info: ResponseInfo) -> dict[str, Any]:
    """Returns what an error says of the response that it is about."""
    return {
        "status_code": info.status_code,
        "request_id": info.request_id,
        "retries_taken": info.retries_taken,
    }


def status_error(answer: Answer, secrets: Secrets) -> APIError:
    """Returns the error for a response that is not a success, with what its body says.

    Args:
        answer: The response.
        secrets: What is erased from everything that the error holds. URLs lose their query
            strings, which may be signatures.
    """

    def shown(text: str) -> str:
        return without_signature(secrets.erased(text))

    body: Any
    try:
        body = rewrite(read_json(answer.body), shown)
    except ValueError:
        # The transport has cut a long one, perhaps inside of a secret, but far behind this.
        body = without_signature(secrets.start_of(answer.body, _BODY_KEPT)) or None
    fields: Mapping[str, Any] = body if isinstance(body, dict) else {}
    start = without_signature(secrets.start_of(answer.body, 4 * _MESSAGE_SHOWN))
    texts = [fields.get("error"), fields.get("message"), start]
    messages = (text.strip() for text in texts if isinstance(text, str))
    message = next(filter(None, messages), "the response has no body")[:_MESSAGE_SHOWN]
    code = fields.get("code")
    code = code if isinstance(code, str) else None
    request_id = answer.headers.get("x-request-id")
    error = status_error_class(answer.status, code)(
        f"{answer.status}: {message}" + (f" ({code})" if code else ""),
        status_code=answer.status,
        code=code,
        details=fields.get("details"),
        request_id=request_id and secrets.erased(request_id),
        retry_after=retry_after_seconds(
            answer.headers, datetime.now(UTC), limited=answer.status == _TOO_MANY_REQUESTS
        ),
        body=body,
    )
    if 300 <= answer.status < 400:
        error.add_hint(_redirection(answer.headers.get("location", ""), secrets))
    return error


def _redirection(location: str, secrets: Secrets) -> Message:
    """Returns where a redirect goes, and what to do."""
    return Message(
        "redirects are not followed, and this one goes to {}: {} may have to be another",
        clean(shown_url(secrets.erased(location))) or "no address",
        Term("base_url", "base_url"),
    )
