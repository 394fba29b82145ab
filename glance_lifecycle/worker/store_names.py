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

"""Stores that options name: of one that is not there, the limit is in vain."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
import time
from typing import TYPE_CHECKING

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions

if TYPE_CHECKING:
    from glance_lifecycle.worker import cloud as clouds

LOG = logging.getLogger(__name__)

_OPTIONS = ('store_jobs', 'store_rates')

# Seconds until an Image API that did not answer is asked again.
_AGAIN = 60.0


def named(conf: cfg.ConfigOpts) -> dict[str, set[str]]:
    """Option -> the stores that it names, if it names any."""
    return {option: {*conf.lifecycle_worker[option]} for option in _OPTIONS
            if conf.lifecycle_worker[option]}


def unknown(conf: cfg.ConfigOpts, known: Collection[str]) -> list[str]:
    """A text for each option that names what is no store.

    :param known: the stores of the cloud; none if they have no names
    """
    there = ('The stores are %s' % ', '.join(sorted(known)) if known else
             'Stores have names only with [DEFAULT] enabled_backends')
    return ['[lifecycle_worker] %s: %s is no store of this cloud, so that its '
            'limit has no effect. %s. Correct the name.' % (
                option, name, there)
            for option, names in named(conf).items()
            for name in sorted(names - {*known})]


class Names:
    """Says what is wrong with them, once.

    :param connect: a cloud
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 connect: Callable[[], clouds.Cloud]) -> None:
        self._conf = conf
        self._connect = connect
        self._said = not named(conf)
        self._at = 0.0

    def turn(self) -> None:
        """Look, as soon as the Image API tells.

        :raises ConfigurationError: the credentials are of no use
        """
        if self._said or time.monotonic() < self._at:
            return
        self._at = time.monotonic() + _AGAIN
        try:
            known = self._connect().store_names()
        except exceptions.ServiceError as error:
            LOG.warning('Whether there are the stores that %(options)s of '
                        '[lifecycle_worker] name is not known: %(error)s', {
                            'options': ' and '.join(named(self._conf)),
                            'error': error.for_operator()})
            return
        self._said = True
        for text in unknown(self._conf, known):
            LOG.warning('%s', text)
