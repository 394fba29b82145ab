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


"""Which limits count for whom."""

import tempfile
import unittest

from oslo_config import cfg

from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle.worker import pacing

MIB = 1024 ** 2


class PacingTest(unittest.TestCase):

    def pacing(self, **options: object) -> pacing.Pacing:
        conf = cfg.ConfigOpts()
        worker_conf.register_opts(conf)
        conf([])
        for name, value in options.items():
            conf.set_override(name, value, 'lifecycle_worker')
        return pacing.Pacing.of(conf, lambda: 1000.0)

    def test_no_limit(self) -> None:
        """Nobody is asked, so nothing is spent."""
        found = self.pacing()
        self.assertIsNone(found.copying('s1', ['s2']))
        self.assertIsNone(found.reading_back('s1', []))

    def test_store_without_a_limit(self) -> None:
        found = self.pacing(store_rates={'s3': 1})
        self.assertIsNone(found.copying('s1', ['s2']))
        self.assertIsNone(found.reading_back('s2', []))

    def first(self, found: object) -> float:
        assert found is not None
        wait: float = found.ask(MIB)  # type: ignore[attr-defined]
        return wait

    def test_all(self) -> None:
        """One rate, whatever is done."""
        found = self.pacing(rate=1)
        self.assertAlmostEqual(1, self.first(found.copying('s1', ['s2'])))
        self.assertAlmostEqual(2, self.first(found.reading_back('s3', [])))

    def test_scrub(self) -> None:
        found = self.pacing(scrub_rate=1)
        self.assertIsNone(found.copying('s1', ['s2']))
        self.assertAlmostEqual(1, self.first(found.reading_back('s1', [])))

    def test_store_read_and_written(self) -> None:
        found = self.pacing(store_rates={'s2': 1})
        self.assertAlmostEqual(1, self.first(found.copying('s1', ['s2'])))
        self.assertAlmostEqual(2, self.first(found.copying('s2', ['s1'])))
        self.assertAlmostEqual(3, self.first(found.reading_back('s2', [])))

    def test_slowest_of_several(self) -> None:
        found = self.pacing(rate=8, store_rates={'s2': 2, 's3': 1})
        self.assertAlmostEqual(
            1, self.first(found.copying('s1', ['s2', 's3'])))

    def test_no_rate_of_nothing(self) -> None:
        file = tempfile.NamedTemporaryFile('w', suffix='.conf')
        self.addCleanup(file.close)
        file.write('[lifecycle_worker]\nstore_rates = s2:0\n')
        file.flush()
        conf = cfg.ConfigOpts()
        worker_conf.register_opts(conf)

        def rates() -> object:
            conf([], default_config_files=[file.name])
            return conf.lifecycle_worker.store_rates
        self.assertRaises(cfg.ConfigFileValueError, rates)
