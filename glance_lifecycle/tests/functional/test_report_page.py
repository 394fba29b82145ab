# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The page of ``report``, as a browser shows and prints it."""

from glance_lifecycle.reporting import html
from glance_lifecycle.reporting import page
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import chromium
from glance_lifecycle.tests.unit.reporting import samples

_REFUSED = 'Content Security Policy'


class PageTest(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.page = self.work / 'report.html'
        self.text = html.page(page.report(samples.facts(500)))
        self.page.write_text(self.text)
        self.browser = self.useFixture(chromium.Chromium())

    def test_shown(self) -> None:
        """On a telephone and on a large screen, light and dark."""
        for dark, behind in ((False, 'rgb(255, 255, 255)'),
                             (True, 'rgb(18, 23, 29)')):
            for width in (400, 1600):
                self.assertEqual((width, behind), self.browser.measured(
                    self.page, width, dark=dark))
                self.assertNotIn(_REFUSED, self.browser.said)
        for dark in (False, True):
            self.assertEqual((1600, 1200), self.browser.screenshot(
                self.page, 1600, dark=dark))

    def test_printed(self) -> None:
        self.assertIn(self.browser.printed(self.page), range(5, 30))

    def test_asks_for_nothing(self) -> None:
        self.browser.run(self.page, '--dump-dom')
        self.assertNotIn('CONSOLE', self.browser.said)
        # What would be seen if it did, and that it could not.
        self.page.write_text(self.text.replace('</body>', (
            '<img src="http://127.0.0.1:9/x"><script>document.title = "run"'
            '</script></body>')))
        shown = self.browser.run(self.page, '--dump-dom')
        self.assertNotIn('<title>run', shown)
        self.assertGreaterEqual(self.browser.said.count(_REFUSED), 2)
