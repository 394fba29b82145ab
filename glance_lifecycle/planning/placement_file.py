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

"""A placement that "advise" has found, for the report to show.

Only its sums, which say of which facts it was made.
"""

from collections.abc import Iterable
import hashlib
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.planning import document

_KIND = document.Kind('glance-lifecycle-placement', 1,
                      'advise --save-placement', 1024 ** 2)
#: Bytes of a file.
MOST = _KIND.most

_TOTALS: dict[str, document.Check] = dict.fromkeys((
    'stored', 'on_disks', 'cost', 'disks_per_week', 'cloned_per_week',
    'seconds_per_disk', 'moved_per_week'), document.number)
_STORE: dict[str, document.Check] = {
    'name': document.text, 'stored': document.number,
    'cost': document.number}


def text(facts: bytes, placed: dict[str, Any]) -> str:
    """JSON.

    :param facts: the file with the cloud that it was made of
    :param placed: of ``page_facts``
    :raises InputRefused: ``load`` would refuse it
    """
    found = {'facts': _digest(facts), **placed}
    try:
        document.fields(found, _CHECKS, 'the placement')
    except document.Malformed as error:
        raise exceptions.InputRefused(
            detail='The placement is not saved, as no report would take it: '
            '%s. Is a number of the cloud far too large?' % error) from None
    return _KIND.text(found)


def load(data: bytes, facts: bytes, stores: Iterable[str]
         ) -> dict[str, Any]:
    """What was saved; of hostile bytes, as well.

    :param data: at most ``MOST``, and one more to tell
    :param facts: the file with the cloud
    :param stores: names of those that the cloud has
    :raises ConfigurationError: it is none, or was made of another cloud
    """
    found = _KIND.load(data, _CHECKS)
    if found.pop('facts') != _digest(facts):
        raise _KIND.refused(
            'it was made of other facts than those of --cloud. Save it anew')
    # The digest of the facts is no secret.
    if sorted(one['name'] for one in found['stores']) != sorted(stores):
        raise _KIND.refused('it has not the stores of the cloud')
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _keeps(value: Any, name: str) -> str:
    if value not in ('advised', 'today'):
        raise document.Malformed('"%s" is neither advised nor today' % name)
    return str(value)


def _totals(value: Any, name: str) -> dict[str, Any]:
    return document.fields(value, _TOTALS, '"%s"' % name)


def _store(value: Any, name: str) -> dict[str, Any]:
    return document.fields(value, _STORE, 'a row of "%s"' % name)


_CHECKS: dict[str, document.Check] = {
    'facts': document.text, 'keeps': _keeps, 'policy': document.truth,
    'gap': document.number, 'totals': _totals,
    'stores': document.every(_store)}
