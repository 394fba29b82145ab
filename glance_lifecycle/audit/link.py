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

"""One link of the chain, and how it was found to be."""

import dataclasses
import enum

from glance_lifecycle import exceptions

# Nobody vouches for a certificate.
NOBODY = 'attestation-unvouched'
NO_BUNDLE = 'no-ca-bundle'
UNVOUCHED = frozenset((NOBODY, NO_BUNDLE))
# What is missing is a digest of the bytes.
NOT_VERIFIED = 'not-verified'


class Result(enum.StrEnum):
    PASSED = 'passed'
    FAILED = 'failed'
    # It could not be told: neither good nor bad.
    UNKNOWN = 'unknown'
    # It was not asked for, or there is nothing to check.
    SKIPPED = 'skipped'


@dataclasses.dataclass(frozen=True)
class Check:
    """One link of the chain.

    :ivar name: such as ``service-signature``
    :ivar reason: a stable slug; empty if it passed
    :ivar detail: what was seen and what to do
    """

    name: str
    result: Result
    reason: str
    detail: str


def refusal(name: str, error: exceptions.LifecycleError) -> Check:
    """The check that an error makes: failed, or unknown."""
    detail = str(error.fields.get('detail', error))
    if isinstance(error, exceptions.ImageRefused):
        return (unknown if error.reason == NOBODY else failed)(
            name, error.reason, detail)
    if isinstance(error, exceptions.KeyManagerForbidden):
        return unknown(name, 'key-manager-forbidden', detail)
    if isinstance(error, exceptions.KeyManagerError):
        return unknown(name, 'key-manager-error', detail)
    return unknown(name, NOT_VERIFIED, str(error))


def all_good(name: str, problems: list[exceptions.ImageRefused],
             good: str) -> Check:
    """Passed, or failed by all these problems."""
    if not problems:
        return passed(name, good)
    return failed(name, problems[0].reason, ' '.join(
        str(problem.fields['detail']) for problem in problems))


def passed(name: str, detail: str) -> Check:
    return Check(name, Result.PASSED, '', detail)


def failed(name: str, reason: str, detail: str) -> Check:
    return Check(name, Result.FAILED, reason, detail)


def skipped(name: str, reason: str, detail: str) -> Check:
    return Check(name, Result.SKIPPED, reason, detail)


def unknown(name: str, reason: str, detail: str) -> Check:
    return Check(name, Result.UNKNOWN, reason, detail)
