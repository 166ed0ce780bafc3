"""The status pages: over HTTP, and in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.change_schedules import add_schedule
from sftsec_core.server.endpoint import Endpoint
from sftsec_core.store.gpu_leases import GpuLeaseOrder
from sftsec_core.store.runs import RunOrder
from tests.core.operations.test_model_history import evaluated
from tests.core.server.contrast import FAINT
from tests.core.server.site import TASK, TOKEN, Client, Reply, Site, running
from tests.servers.browser import start_browser
from tests.servers.nvml import FakeGpu, driver_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SHOTS = os.environ.get("SFTSEC_TEST_SHOTS")  # a folder: keep pictures of the pages there
BIDI = "\u202e"
PAGES = ("/", "/runs", "/runs/RUN", "/runs/RUN/report", "/schedules", "/gpus")
HOSTILE = f"<script>document.title='owned'</script>{BIDI}\x1b[31m"


SCHEDULES: dict[str, dict[str, Any]] = {
    "nightly": {"task": TASK, "run": "retrain", "when": {"cron": "0 2 * * *"}},
    "eager": {"task": TASK, "run": "retrain", "when": {"new_verdicts": 200}},
    "clean": {"run": "gc", "when": {"interval": "7d"}},
}


@dataclass(slots=True)
class Served:
    """A served site with its tokens by role."""

    site: Site
    client: Client
    tokens: dict[str, str]
    run: str
    failed: str
    worker: str

    def as_(self, role: str | None) -> Client:
        return Client(self.client.url, token=None if role is None else self.tokens[role])

    def get(self, path: str, role: str | None = "viewer") -> Reply:
        return self.as_(role).get(path)

    def form(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Reply:
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        client = Client(self.client.url, token=None, headers=sent)
        return client.call("POST", path, urlencode(fields).encode())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose task had two live models, a run that failed with a hostile line, and a log."""
    site = Site.make(tmp_path_factory.mktemp("site"))
    models = [evaluated(site, seed, macro_f1) for seed, macro_f1 in ((1, 0.871), (2, 0.934))]
    for each in models:
        site.promote(each)
    runs = site.context.store.runs
    failed = runs.begin(RunOrder("retrain", TASK, {}), site.context.folder / "runs").info
    (failed.folder / "log.txt").write_text(f"one\n{HOSTILE}\nlast line\n", encoding="utf-8")
    runs.finish(failed.id, "failed", error=f"no labels for {HOSTILE}")
    made = runs.report(models[1].run_id)
    assert made is not None
    made.write_text("<!doctype html><title>The report</title><p>Macro-F1 93.4%</p>", "utf-8")
    for day, value in enumerate((0.02, 0.04, 0.31)):
        at = datetime.now(UTC) - timedelta(days=3 - day)
        site.context.store.figures.add(TASK, "input_drift", value, 0.01, 0.4, at=at)
        live = {"model": models[1].digest}
        site.context.store.figures.add(
            TASK, "live_recall", 0.8 - value, 0.4, 0.9, 37, at=at, details=live
        )
    of_before = {"model": models[0].digest}
    site.context.store.figures.add(TASK, "live_precision", 0.9, 0.8, 0.95, 60, details=of_before)
    site.context.store.figures.add(TASK, f"figure {HOSTILE}", 1.0)
    for name, given in SCHEDULES.items():
        add_schedule(site.context, name, given)
    worker = site.context.store.workers.register("1.0", 1)
    site.context.store.workers.report(worker, f"schedule eager: no clock {HOSTILE}")
    order = GpuLeaseOrder(models[1].run_id, TASK, "gpu-host", {"GPU-b": "1"}, timedelta(hours=1))
    site.context.store.gpu_leases.take(order)
    roles = ("viewer", "analyst", "operator", "admin", "scorer")
    tokens = {role: add_token(site.context, f"a-{role}", [role]).token for role in roles}
    tokens["other"] = add_token(site.context, "other", ["viewer"], tasks=["empty"]).token
    tokens["static"] = TOKEN
    gpus = (FakeGpu("GPU-a", name=f"H100 {HOSTILE}"), FakeGpu("GPU-b", utilisation=90))
    endpoint = Endpoint(site.context, site.context.settings.serve)
    with site.context, driver_of(*gpus), running(endpoint) as client:
        yield Served(site, client, tokens, models[1].run_id, failed.id, worker)


class TestRoles:
    @pytest.mark.parametrize("path", PAGES)
    def test_those_who_read_see_every_page(self, served: Served, path: str) -> None:
        for role in ("viewer", "analyst", "operator", "admin"):
            reply = served.get(path.replace("RUN", served.run), role)
            assert (reply.status, reply.headers["content-type"]) == (
                200,
                "text/html; charset=utf-8",
            )

    @pytest.mark.parametrize("path", PAGES)
    @pytest.mark.parametrize("role", ["scorer", "static"])
    def test_those_who_score_see_none(self, served: Served, path: str, role: str) -> None:
        reply = served.get(path.replace("RUN", served.run), role)
        assert reply.status == 403
        assert served.run.encode() not in reply.raw.replace(path.encode(), b"")
        last = served.site.context.store.audit.tail(1)[0]
        assert (last.action, last.details["permission"]) == ("access.refused", "read")

    def test_viewer_of_one_task_sees_no_other(self, served: Served) -> None:
        page = served.get("/", "other").raw.decode()
        assert "empty" in page
        assert TASK not in page
        assert served.get(f"/runs/{served.run}", "other").status == 403
        assert served.run not in served.get("/runs", "other").raw.decode()

    def test_viewer_of_one_task_sees_its_schedules(self, served: Served) -> None:
        everything = served.get("/schedules").raw.decode()
        assert all(name in everything for name in SCHEDULES)
        served.site.context.store.workers.heartbeat(served.worker)
        everything = served.get("/schedules").raw.decode()
        assert "does not queue all that is due" in everything
        assert "schedule eager: no clock" in served.get("/").raw.decode()
        page = served.get("/schedules", "other").raw.decode()
        assert not any(name in page for name in SCHEDULES)
        assert "no clock" not in page + served.get("/", "other").raw.decode()

    def test_viewer_of_one_task_sees_its_leases(self, served: Served) -> None:
        assert served.run in served.get("/gpus").raw.decode()
        page = served.get("/gpus", "other").raw.decode()
        assert served.run not in page
        assert "a task that you may not see" in page

    def test_lease_of_a_command_links_no_run(self, served: Served) -> None:
        leases = served.site.context.store.gpu_leases
        order = GpuLeaseOrder("predict-1f2e", TASK, "host", {"GPU-c": "2"}, timedelta(hours=1))
        assert leases.take(order)
        page = served.get("/gpus").raw.decode()
        assert "predict-1f2e" in page
        assert "/runs/predict-1f2e" not in page
        assert f'<a href="/runs/{served.run}">' in page

    @pytest.mark.parametrize("path", PAGES)
    def test_without_a_token_nothing_is_told(self, served: Served, path: str) -> None:
        reply = served.get(path.replace("RUN", served.run), None)
        assert reply.status == 401
        page = reply.raw.decode()
        assert "Your token" in page
        assert "0.934" not in page
        assert "93.4" not in page


class TestLogIn:
    def test_goes_on_to_the_page_asked(self, served: Served) -> None:
        reply = served.form("/login", token=served.tokens["viewer"], next=f"/runs/{served.run}")
        assert (reply.status, reply.headers["location"]) == (303, f"/runs/{served.run}")
        cookie = reply.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
        again = Client(served.client.url, token=None, headers={"Cookie": cookie.split(";")[0]})
        assert again.get("/").status == 200

    @pytest.mark.parametrize(
        "given", ["//evil.example/", "https://evil.example", "/runs/../../x", "/label", ""]
    )
    def test_goes_to_no_other_place(self, served: Served, given: str) -> None:
        reply = served.form("/login", token=served.tokens["viewer"], next=given)
        assert (reply.status, reply.headers["location"]) == (303, "/")

    def test_wrong_token_gets_no_session(self, served: Served) -> None:
        reply = served.form("/login", token="wrong-token-wrong-token", next="/")
        assert reply.status == 401
        assert "set-cookie" not in reply.headers
        assert b"not known" in reply.raw
        assert b"wrong-token" not in reply.raw

    @pytest.mark.parametrize("path", ["/login", "/logout"])
    def test_is_refused_from_another_site(self, served: Served, path: str) -> None:
        headers = {"Sec-Fetch-Site": "cross-site"}
        reply = served.form(path, headers, token=served.tokens["viewer"], next="/")
        assert reply.status == 403
        assert "set-cookie" not in reply.headers

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"&".join([b"a=1"] * 2000), b"token"])
    def test_survives_a_form_that_is_none(self, served: Served, body: bytes) -> None:
        reply = Client(served.client.url, token=None).call("POST", "/login", body)
        assert reply.status == 401

    def test_a_huge_form_is_refused(self, served: Served) -> None:
        reply = Client(served.client.url, token=None).call("POST", "/login", b"token=" * 50_000)
        assert reply.status == 413


class TestPages:
    def test_hostile_text_stays_text(self, served: Served) -> None:
        for path in ("/", "/runs", "/gpus", f"/runs/{served.failed}"):
            page = served.get(path).raw.decode()
            assert "<script" not in page
            assert BIDI not in page
            assert "\x1b" not in page
            assert "\\u202e" in page

    def test_no_page_may_run_a_script(self, served: Served) -> None:
        for path in ("/", "/runs", "/schedules", "/gpus", f"/runs/{served.run}"):
            policy = served.get(path).headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'self'; ")
            assert "script-src" not in policy
        report = served.get(f"/runs/{served.run}/report").headers
        assert report["content-security-policy"].endswith("; sandbox")
        assert report["cache-control"] == "no-store"

    @pytest.mark.parametrize("name", ["20990101", "..%2f..%2fsalt", "%00", "x" * 3000])
    def test_unknown_run_is_a_page_too(self, served: Served, name: str) -> None:
        reply = served.get(f"/runs/{name}")
        assert reply.status in {404, 414, 400}
        if reply.status == 404:
            assert b"Not found" in reply.raw or b"unknown path" in reply.raw

    def test_run_without_a_report_says_so(self, served: Served) -> None:
        assert served.get(f"/runs/{served.failed}/report").status == 404

    @pytest.mark.parametrize(("given", "seconds"), [("30", "30"), ("1", "5"), ("999999", "3600")])
    def test_refreshes_within_bounds(self, served: Served, given: str, seconds: str) -> None:
        page = served.get(f"/?refresh={given}").raw.decode()
        assert f'<meta http-equiv="refresh" content="{seconds}">' in page

    @pytest.mark.parametrize("given", ["0x10", "-5", "ٳ", "1e3", "9" * 50])
    def test_ignores_what_is_no_number(self, served: Served, given: str) -> None:
        assert b"http-equiv" not in served.get(f"/?{urlencode({'refresh': given})}").raw


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


def log_in(context: BrowserContext, served: Served, path: str = "/") -> Page:
    context.set_default_timeout(8000)
    page = context.new_page()
    page.goto(served.client.url + path)
    page.get_by_label("Your token").fill(served.tokens["viewer"])
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1).wait_for()
    page.get_by_text("a-viewer").wait_for()
    return page


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS, f"{name}.png"), full_page=True)


class TestInABrowser:
    def test_from_the_overview_to_a_report(self, browser: Browser, served: Served) -> None:
        with browser.new_context() as context:
            page = log_in(context, served)
            page.get_by_text("93.4%").first.wait_for()
            assert page.locator("svg.spark title").first.text_content() == (
                "Macro-F1 when made: 0.871 to 0.934, last 0.934"
            )
            assert page.get_by_role("row", name="Input drift").locator("title").text_content() == (
                "Input drift: 0.020 to 0.310, last 0.310"
            )
            recall = page.get_by_role("row", name="Live recall")
            assert "49.0%" in recall.inner_text()
            assert "40.0% to 90.0%" in recall.inner_text()
            assert "on 37" in recall.inner_text()
            assert page.get_by_text("of an earlier model").count() == 1
            precision = page.get_by_role("row", name="Live precision")
            assert "of an earlier model" in precision.inner_text()
            page.get_by_role("link", name="Runs").click()
            page.get_by_role("link", name=served.run).click()
            page.get_by_role("link", name="Open the report").click()
            page.get_by_text("Macro-F1 93.4%").wait_for()
            assert page.title() == "The report"

    def test_calendar_names_what_will_run(self, browser: Browser, served: Served) -> None:
        with browser.new_context() as context:
            page = log_in(context, served, "/schedules")
            assert page.get_by_role("row", name="eager").get_by_text("200").count() == 1
            assert page.locator(".day li").filter(has_text="nightly").count() == 7
            assert page.locator(".day .at").all_inner_texts().count("02:00") == 7

    def test_logging_out_ends_it(self, browser: Browser, served: Served) -> None:
        with browser.new_context() as context:
            page = log_in(context, served)
            page.get_by_role("button", name="Log out").click()
            page.get_by_label("Your token").wait_for()
            reply = page.goto(f"{served.client.url}/runs")
            assert reply is not None
            assert reply.status == 401

    def test_wrong_token_is_told(self, browser: Browser, served: Served) -> None:
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(served.client.url)
            page.get_by_label("Your token").fill("wrong-token-wrong-token")
            page.keyboard.press("Enter")
            page.get_by_role("alert").filter(has_text="not known").wait_for()
            assert "wrong" not in page.url

    def test_hostile_log_is_shown_as_text(self, browser: Browser, served: Served) -> None:
        with browser.new_context() as context:
            page = log_in(context, served, f"/runs/{served.failed}")
            assert "last line" in page.locator("pre").inner_text()
            assert page.title() == f"Run {served.failed} - sftsec"

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 420])
    def test_is_readable_and_fits(
        self, browser: Browser, served: Served, scheme: Any, width: int
    ) -> None:
        size: Any = {"width": width, "height": 850}
        with browser.new_context(viewport=size, color_scheme=scheme) as context:
            pages = ("/", "/runs", "/schedules", "/gpus", f"/runs/{served.failed}")
            page = context.new_page()
            page.goto(served.client.url)
            shot(page, f"login-{scheme}-{width}")
            assert page.evaluate(FAINT)[1] == []
            page.close()
            page = log_in(context, served)
            for path in pages:
                page.goto(served.client.url + path)
                shot(page, f"{path.split('/')[1] or 'overview'}-{len(path)}-{scheme}-{width}")
                count, faint = page.evaluate(FAINT)
                assert count > 10
                assert faint == []
                assert page.evaluate("document.documentElement.scrollWidth") <= width
