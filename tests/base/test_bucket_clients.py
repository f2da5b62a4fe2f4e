"""Credentials from the environment and from files, and errors of object stores in one line each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rainsmith.base.buckets import children, look_up, write_files
from rainsmith.base.errors import UserError
from rainsmith.base.urls import Url
from tests.object_stores import refusing

FILE = Url("s3", "data", "a/x.nc")


def test_an_object_is_found_and_one_that_is_not_there_is_none(bucket: Path) -> None:
    (bucket / "a").mkdir()
    (bucket / "a" / "x.nc").write_bytes(b"rain")
    found = look_up(FILE)
    assert found is not None and found.size == 4 and found.version == found.etag
    assert look_up(FILE / "y") is None
    assert [one.url for one in children(FILE.parent)[0]] == [FILE]


def test_a_bucket_that_does_not_exist_is_one_line(bucket: Path) -> None:
    with pytest.raises(UserError, match=r"^there is no bucket s3://nowhere; correct its name, .*AWS_ENDPOINT_URL\)$"):
        children(Url("s3", "nowhere", ""))
    (bucket / "x").touch()
    with pytest.raises(UserError, match="there is no bucket s3://nowhere"):
        write_files([bucket / "x"], bucket, Url("s3", "nowhere", "folder"))


@pytest.mark.parametrize(
    ("status", "code", "line"),
    [
        (403, "AccessDenied", r"a/x.nc was refused .*\(403\); ask its owner, or set AWS_ACCESS_KEY_ID"),
        (401, "Unauthorized", "was refused"),
        (301, "PermanentRedirect", "lies in another region; set AWS_REGION"),
        (400, "Strange", r"gave an error \(.*400.*\); run the same command again"),
    ],
)
def test_a_refusal_is_one_line(
    bucket: Path, status: int, code: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing(status, code) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        for ask in (look_up, children):
            with pytest.raises(UserError, match=line) as refused:
                ask(FILE)
            assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_a_store_that_cannot_be_reached_and_missing_credentials_are_one_line(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rainsmith.base.bucket_clients._RETRIES", {"max_retries": 0})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="cannot be reached; check the network, the proxy and AWS_ENDPOINT_URL"):
        look_up(FILE)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(
        UserError, match=r"cannot be asked with these settings \(.*AccessKeyId\); set AWS_ACCESS_KEY_ID"
    ):
        look_up(FILE)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with refusing(404, "NotFound") as address:  # what a machine outside of that cloud answers, if anything does
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", address)
        with pytest.raises(UserError, match="needs credentials, and none were found; set AWS_ACCESS_KEY_ID"):
            look_up(FILE)


def test_keys_come_from_a_profile_of_the_aws_command_line(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = os.environ["AWS_ENDPOINT_URL"]
    credentials, settings = bucket / "credentials", bucket / "config"
    credentials.write_text("[lab]\naws_access_key_id = me\naws_secret_access_key = 50%secret\n")
    settings.write_text(f"[profile lab]\nregion = eu-north-1\nendpoint_url = {address}\n[profile sso]\nregion = x\n")
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert {one.url.name for one in children(Url("s3", "data", ""))[0]} == {"credentials", "config"}
    monkeypatch.setenv("AWS_PROFILE", "sso")
    with pytest.raises(UserError, match=r"profile 'sso' .*holds no aws_access_key_id.*export-credentials"):
        children(Url("s3", "data", ""))


def test_without_the_library_one_line_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['obstore'] = sys.modules['obstore.store'] = None\n"
        "from rainsmith.base.buckets import look_up\n"
        "from rainsmith.base.urls import url_of\n"
        "look_up(url_of('s3://bucket/x.nc'))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "UserError: s3://bucket: needs the package obstore; pip install 'rainsmith[cloud]'" in ended.stderr
