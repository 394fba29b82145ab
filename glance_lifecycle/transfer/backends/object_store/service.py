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

"""What the services of S3 and of Swift share: calls that end, and errors."""

import abc
from collections.abc import Callable
from typing import TypeVar

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import network_errors
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.object_store import patience

T = TypeVar('T')

Errors = tuple[type[Exception], ...]


class ObjectService(abc.ABC):
    """One place for objects, and the library that talks to it.

    :ivar patience: how long it may be silent
    :ivar pacing: of its requests; None for as fast as they come
    :cvar unreached: what to say where there was no connection
    """

    store: str
    patience: patience.Patience
    pacing: pace.Pace | None = None
    unreached: str

    # The library's errors: all of them; those that are no answer of the
    # service; of these, what took too long, and what stays as it is.
    _all_errors: Errors
    _no_answers: Errors
    _timeouts: Errors
    _lasting: Errors

    def _insist(self, doing: str, attempt: Callable[[], T],
                may_pass: Callable[[Exception], bool] | None = None) -> T:
        """What an attempt returns, in the end.

        :raises StoreError: of ``_failure``
        """
        def paced() -> T:
            if self.pacing is not None:
                self.pacing.wait()
            return attempt()
        try:
            return self.patience.insist(paced, may_pass or self._may_pass)
        except self._all_errors as error:
            raise self._failure(doing, error) from error

    def _may_pass(self, error: Exception) -> bool:
        """Whether another attempt may end better."""
        passes = self._answer_passes(error)
        if passes is not None:
            return passes
        return (isinstance(error, self._no_answers)
                and not isinstance(error, self._lasting))

    @abc.abstractmethod
    def _answer_passes(self, error: Exception) -> bool | None:
        """The same for what the service answered; None if it did not."""

    def _failure(self, doing: str, error: Exception) -> exceptions.StoreError:
        if isinstance(error, self._no_answers):
            return self._no_answer(doing, error)
        return self._refusal(doing, error)

    @abc.abstractmethod
    def _refusal(self, doing: str, error: Exception) -> exceptions.StoreError:
        """What to say of an answer that is an error."""

    def _no_answer(self, doing: str,
                   error: Exception) -> exceptions.StoreError:
        if network_errors.is_timeout(error) or isinstance(
                error, self._timeouts):
            self.patience.silent = True
            detail = ('the service did not answer within %g s; check that '
                      'it runs' % self.patience.seconds)
        else:
            detail = '%s: %s' % (self.unreached, network_errors.cause(error))
        return exceptions.StoreError(store=self.store,
                                     detail='%s: %s' % (doing, detail))
