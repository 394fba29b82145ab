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

"""What the services of S3 and Swift share."""

from collections.abc import Callable
from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer.backends.object_store import service


class Answer(Exception):

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class NoAnswer(Exception):
    pass


class Slow(NoAnswer):
    pass


class BadCertificate(NoAnswer):
    pass


class Service(service.ObjectService):

    unreached = 'nobody there'

    def __init__(self) -> None:
        self.store = 'far'
        self.patience = patience.Patience(30)
        self._all_errors = (Answer, NoAnswer)
        self._no_answers = (NoAnswer,)
        self._timeouts = (Slow,)
        self._lasting = (BadCertificate,)

    def _answer_passes(self, error: Exception) -> bool | None:
        return error.status == 503 if isinstance(error, Answer) else None

    def _refusal(self, doing: str, error: Exception) -> exceptions.StoreError:
        return exceptions.StoreFull(store=self.store, detail=doing)

    def ask(self, *answers: Any,
            may_pass: Callable[[Exception], bool] | None = None) -> Any:
        """What comes of it if the library raises or returns these."""
        self.left = list(answers)

        def attempt() -> Any:
            answer = self.left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return self._insist('asking', attempt, may_pass)


class ObjectServiceTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        before = patience._PAUSES
        patience._PAUSES = (0.01, 0.04)
        self.addCleanup(setattr, patience, '_PAUSES', before)
        self.service = Service()

    def failure(self, *answers: Any) -> exceptions.StoreError:
        with self.assertRaises(exceptions.StoreError) as caught:
            self.service.ask(*answers, 'not asked for')
        self.assertEqual(['not asked for'], self.service.left)
        self.assertIs(answers[-1], caught.exception.__cause__)
        return caught.exception

    def test_tried_again(self) -> None:
        self.assertEqual(7, self.service.ask(Answer(503), NoAnswer(), 7))

    def test_paced(self) -> None:
        """Each attempt is a request."""
        pauses: list[float] = []
        self.service.pacing = pace.Pace(1e-9, lambda: 0.0, pauses.append)
        self.assertEqual(7, self.service.ask(Answer(503), NoAnswer(), 7))
        self.assertEqual([1e9, 2e9], [round(one) for one in pauses])

    def test_lasting(self) -> None:
        self.assertIsInstance(self.failure(Answer(503), Answer(507)),
                              exceptions.StoreFull)
        found = self.failure(BadCertificate('expired'))
        self.assertNotIsInstance(found, exceptions.StoreFull)
        self.assertIn('asking: nobody there: ', str(found))

    def test_too_slow(self) -> None:
        self.assertFalse(self.service.patience.silent)
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'did not answer within 30 s'):
            self.service.ask(Slow(), may_pass=lambda error: False)
        self.assertTrue(self.service.patience.silent)

    def test_other_judge(self) -> None:
        self.assertEqual(7, self.service.ask(
            Answer(401), 7, may_pass=lambda error: True))
