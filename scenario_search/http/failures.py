"""The client's errors for what aiohttp raises.

aiohttp's exceptions and objects hold the request with its headers and its query string, and quote
what the server sent. So the messages here take nothing from them but what is known to be harmless,
and the caller raises them outside of the ``except`` block, with no exception chained.
"""

from __future__ import annotations

import os
import ssl

import aiohttp
import yarl

from scenario_search.errors import (
    APICertificateError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    ConfigurationError,
)
from scenario_search.http.destinations import LOCAL_PROBLEM, LocalAddressError

__all__ = ["failure_of_file", "failure_of_request"]

_UNSENDABLE = (aiohttp.InvalidURL, UnicodeError)
_UNTRUSTED = (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)
_BROKEN = (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError, EOFError)


def failure_of_request(
    error: Exception, url: str, timeout: float
) -> APIError | ConfigurationError | None:
    """Returns the error to raise for a request to the API that failed.

    Args:
        error: What was raised while it was sent or answered.
        url: Where it was sent, without its query string.
        timeout: Its timeout, in seconds.

    Returns:
        ``None`` if the error is neither aiohttp's nor the network's, but a hook's, for example.
    """
    if isinstance(error, TimeoutError):
        return APITimeoutError(f"No answer from {url} within {timeout:g} s")
    if isinstance(error, (APIResponseValidationError, ConfigurationError)):
        return error.with_traceback(None)
    if isinstance(error, aiohttp.ClientHttpProxyError) and error.status == 407:
        return _refused_credentials()
    if isinstance(error, _BROKEN) and not isinstance(error, _UNSENDABLE):
        return _failed_connection(error, url)
    # What aiohttp refuses to send, such as a header with a line break.
    if isinstance(error, ValueError):
        return ConfigurationError(f"A request to {url} cannot be sent: {error}")
    return None


def failure_of_file(
    error: Exception, url: str, timeout: float
) -> APIError | ConfigurationError | None:
    """Returns the error to raise for a file that could not be requested or read.

    Args:
        error: What was raised meanwhile.
        url: The file's URL, without its query string, which is a signature.
        timeout: Seconds in which something had to arrive.
    """
    if isinstance(error, TimeoutError):
        return APITimeoutError(f"Nothing came from {url} for {timeout:g} s")
    if isinstance(error, LocalAddressError):
        return APIResponseValidationError(f"{url!r} {LOCAL_PROBLEM}", paths=("$.url",))
    if isinstance(error, _UNSENDABLE):
        return APIResponseValidationError(
            f"{url!r} is not a URL that can be requested", paths=("$.url",)
        )
    if isinstance(error, aiohttp.ClientHttpProxyError) and error.status == 407:
        return _refused_credentials()
    return _failed_connection(error, url) if isinstance(error, _BROKEN) else None


def _refused_credentials() -> ConfigurationError:
    return ConfigurationError(
        "The proxy requires credentials, or others than these (407): put the user name and the "
        "password into its URL, such as http://user:password@proxy.example:3128"
    )


def _failed_connection(error: Exception, url: str) -> APIConnectionError:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return APIConnectionError(f"The proxy did not connect to {url}: it answered {error.status}")
    if isinstance(error, aiohttp.ClientConnectorError):
        asked = yarl.URL(url)
        if (error.host, error.port) != (asked.raw_host, asked.port):
            url = f"the proxy {error.host}:{error.port}"
    if isinstance(error, _UNTRUSTED):
        verification = getattr(error, "certificate_error", None)
        reason = getattr(verification, "verify_message", None)
        return APICertificateError(
            f"The certificate of {url} is not trusted "
            f"({reason or 'it is not the one the session asks for'}): check the address and this "
            "machine's clock; an authority of your own is trusted once `ssl=` or SSL_CERT_FILE "
            "has it"
        )
    return APIConnectionError(f"The connection to {url} failed: {_reason(error)}")


def _reason(error: Exception) -> str:
    """Returns why a connection failed."""
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the body broke off or is malformed"
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.http.HttpProcessingError)):
        return "the response is not valid HTTP"
    failed = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(failed, ssl.SSLError):
        return failed.reason or "the TLS handshake failed"
    if isinstance(failed, OSError) and failed.errno:
        # asyncio's own words for a refused connection leave out that it was refused. Those of
        # the resolver have negative numbers.
        return os.strerror(failed.errno) if failed.errno > 0 else str(failed.strerror)
    if isinstance(error, aiohttp.ClientConnectionError):
        return "it was closed"
    return type(error).__name__
