"""The built pages as they are served."""

from __future__ import annotations

from pathlib import Path

from core.database import Database
from core.settings import Settings
from tests.integration.desk.kit import served


async def test_pages_that_were_not_built_say_what_to_do(db: Database, settings: Settings, tmp_path: Path) -> None:
    """In both languages, without a stack; and they come as soon as they are built, without a restart."""
    dist = tmp_path / "dist"
    async with served(db, settings, dist=dist) as here, here.browser() as browser:
        missing = await browser.get("/")
        assert missing.status == 503
        assert "make" in missing.text
        assert "The pages are not built" in missing.text
        assert "<style" not in missing.text
        dist.mkdir()
        (dist / "index.html").write_text("<!doctype html>ok")
        assert (await browser.get("/")).text == "<!doctype html>ok"


async def test_hashed_files_are_kept_for_ever_and_the_page_never(db: Database, settings: Settings, tmp_path: Path) -> None:
    """A new build reaches everybody at the next load."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html>page")
    (dist / "assets" / "index-D4f9aB_2.js").write_text("export {}")
    (dist / "assets" / "PretendardGOV-Regular.subset-a1b2c3d4.woff2").write_bytes(b"font")
    (dist / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    async with served(db, settings, dist=dist) as here, here.browser() as browser:
        script = await browser.get("/assets/index-D4f9aB_2.js")
        assert (script.status, script.headers["Content-Type"]) == (200, "text/javascript")
        assert "immutable" in script.headers["Cache-Control"]
        font = await browser.get("/assets/PretendardGOV-Regular.subset-a1b2c3d4.woff2")
        assert (font.headers["Content-Type"], "immutable" in font.headers["Cache-Control"]) == ("font/woff2", True)
        assert (await browser.get("/favicon.svg")).headers["Cache-Control"] == "no-cache"
        for address in ("/", "/index.html", "/roster/2026-03?view=week"):
            page = await browser.get(address)
            assert (page.text, page.headers["Cache-Control"]) == ("<!doctype html>page", "no-store"), address
            assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        for outside in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "//etc/passwd.txt", "/assets/nothing.js"):
            answer = await browser.get(outside)
            assert answer.status == 404, outside
            assert "secret" not in answer.text
        assert (await browser.ask("HEAD", "/")).status == 200
