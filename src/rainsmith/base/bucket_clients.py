"""Clients of object stores and web servers, their credentials, and what their errors mean."""

from __future__ import annotations

import configparser
import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from rainsmith.base.errors import UserError
from rainsmith.base.urls import Url

_RETRIES = {"max_retries": 5, "retry_timeout": timedelta(minutes=2)}
_OPTIONS = {"allow_http": True, "connect_timeout": timedelta(seconds=10), "timeout": timedelta(hours=1)}
_GIVE_KEYS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or AWS_SKIP_SIGNATURE=true for public data",
    "gs": "run 'gcloud auth application-default login', or set GOOGLE_APPLICATION_CREDENTIALS, or "
    "GOOGLE_SKIP_SIGNATURE=true for public data",
}
_NO_KEYS = ("169.254.169.254", "token request", "/latest/", "metadata.google")
"""What errors speak of when a machine without credentials is asked for those of a cloud's own machines."""


class BucketError(UserError):
    """An object store or a web server refused, or cannot be reached. The message says what to do."""


def client_of(url: Url) -> Any:
    """The client (obstore) of the bucket or the web server of a URL, with the credentials of the environment.

    Raises:
        UserError: obstore is not installed, or the profile that AWS_PROFILE names has no keys.
    """
    settings = tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith(("AWS_", "GOOGLE_"))))
    return _client(url.scheme, url.place, settings)


@functools.lru_cache(maxsize=16)
def _client(scheme: str, place: str, settings: tuple[tuple[str, str], ...]) -> Any:
    try:
        from obstore.store import GCSStore, HTTPStore, S3Store
    except ImportError:
        raise UserError(f"{scheme}://{place}: needs the package obstore; pip install 'rainsmith[cloud]'") from None
    how: dict[str, Any] = {"retry_config": _RETRIES, "client_options": _OPTIONS}
    try:
        if scheme == "s3":
            return S3Store(place, **how, **_profile(dict(settings)))
        if scheme == "gs":
            return GCSStore(place, **how)
        return HTTPStore.from_url(f"{scheme}://{place}", **how)
    except UserError:
        raise
    except Exception as error:  # a key without its secret, a file of keys that is not there, and the like
        raise BucketError(
            f"{scheme}://{place} cannot be asked with these settings ({_first_line(error)}); "
            f"{_GIVE_KEYS.get(scheme, 'correct its address')}"
        ) from None


def _profile(settings: dict[str, str]) -> dict[str, Any]:
    """Keys, region and endpoint from the files of the AWS command line, where the environment does not give them.

    Raises:
        UserError: AWS_PROFILE names a profile that holds no keys.
    """
    if settings.get("AWS_SKIP_SIGNATURE", "").lower() in ("true", "1"):
        return {}
    name = settings.get("AWS_PROFILE", "default")
    files = configparser.ConfigParser(interpolation=None, default_section="")
    home = Path.home() / ".aws"
    files.read(
        [
            settings.get("AWS_SHARED_CREDENTIALS_FILE", home / "credentials"),
            settings.get("AWS_CONFIG_FILE", home / "config"),
        ],
        encoding="utf-8",
    )
    values: dict[str, str] = {}
    for section in (f"profile {name}", name):
        values |= dict(files[section]) if files.has_section(section) else {}
    known: dict[str, Any] = {
        key.removeprefix("aws_"): values[key]
        for key in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        if key in values and "AWS_ACCESS_KEY_ID" not in settings
    }
    if "AWS_PROFILE" in settings and "AWS_ACCESS_KEY_ID" not in settings and "access_key_id" not in known:
        raise UserError(
            f"the profile '{name}' (AWS_PROFILE) holds no aws_access_key_id; where it stands for a role or single "
            'sign-on, first run: eval "$(aws configure export-credentials --format env)"'
        )
    if "region" in values and not {"AWS_REGION", "AWS_DEFAULT_REGION"} & set(settings):
        known["region"] = values["region"]
    if "endpoint_url" in values and not {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"} & set(settings):
        known["endpoint"] = values["endpoint_url"]
    return known


@contextmanager
def explained(url: Url) -> Iterator[None]:
    """Turn the errors of a client into one line.

    Raises:
        FileNotFoundError: there is no such object, in a bucket that exists.
        UserError: everything else.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        from obstore.exceptions import BaseError

        if not isinstance(error, BaseError | FileNotFoundError | PermissionError):
            raise
        meaning = _meaning(error, url)
        if meaning is None:
            raise FileNotFoundError(str(url)) from None
        raise BucketError(meaning) from None


def _meaning(error: Exception, url: Url) -> str | None:
    """What an error says and what to do; None for an object that does not exist."""
    text = str(error)
    if "NoSuchBucket" in text:
        return (
            f"there is no bucket {url.scheme}://{url.place}; correct its name, or the address of the object store "
            "(AWS_ENDPOINT_URL)"
        )
    if any(sign in text for sign in _NO_KEYS):
        return f"{url} needs credentials, and none were found; {_GIVE_KEYS.get(url.scheme, 'log in first')}"
    if isinstance(error, FileNotFoundError):
        return None
    if "403 Forbidden" in text or "401 Unauthorized" in text:
        keys = _GIVE_KEYS.get(url.scheme, "log in first")
        return f"{url} was refused with these credentials, or none (403); ask its owner, or {keys}"
    if "region" in text and "redirect" in text:
        return f"{url} lies in another region; set AWS_REGION to that of the bucket"
    if "error sending request" in text or "HTTP error" in text:
        where = "AWS_ENDPOINT_URL" if url.scheme == "s3" else "its address"
        return f"{url} cannot be reached; check the network, the proxy and {where}, and run the same command again"
    return f"{url} gave an error ({_first_line(error)}); run the same command again"


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split("Debug source")[0].split())[:250]
