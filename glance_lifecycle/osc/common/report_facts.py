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

"""What a report is made of, asked as the other commands ask it.

What cannot be asked is a sentence in its place. A file that the command line
names, and that is of no use, ends the command before anything is asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import datetime
import functools
import pathlib
from typing import Any
from typing import TYPE_CHECKING
from typing import TypeVar

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import duplicates as duplicates_options
from glance_lifecycle.osc.common import glance_config
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import key_store
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host
from glance_lifecycle.osc.common import worker_host
from glance_lifecycle.reporting import counted
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import page
from glance_lifecycle.reporting.sections import catalogue
from glance_lifecycle.reporting.sections import drift
from glance_lifecycle.reporting.sections import duplicates
from glance_lifecycle.reporting.sections import hygiene
from glance_lifecycle.reporting.sections import plan
from glance_lifecycle.reporting.sections import signatures
from glance_lifecycle.reporting.sections import worker

if TYPE_CHECKING:
    from glance_lifecycle.audit.doctor import mutes
    from glance_lifecycle.policy import decision

T = TypeVar('T')

_DAYS = 7
_CONFIG = 'glance-api.conf'


class Facts:
    """Of one report.

    :param command: the osc-lib command that runs
    :param parsed_args: of ``report_options``
    :raises CommandError, ConfigurationError: a file that was named is of no
        use
    """

    def __init__(self, command: Any, parsed_args: argparse.Namespace) -> None:
        self._command = command
        self._args = parsed_args
        # As the other commands have them.
        self._host = argparse.Namespace(
            config_file=parsed_args.config_file, config_dir=[])
        self._planned = self._plan()
        self._mutes = self._muted()
        self._trust = argparse.Namespace(
            ca_bundle=parsed_args.ca_bundle, key_directory=None,
            config_file=parsed_args.config_file)
        self._trusted = key_store.policy(self._trust)
        self._policy = self._wanted()

    def collected(self) -> page.Facts:
        images, drifted = self._catalogue()
        return page.Facts(
            self._args.title, datetime.datetime.now(datetime.UTC),
            health=self._told('health', self._health), catalogue=images,
            planned=self._planned,
            signatures=images if isinstance(images, model.NotAsked) else
            signatures.Signatures(images.counted, self._told(
                'signatures', self._signatures)),
            drift=drifted,
            duplicates=self._told('duplicates', self._duplicates),
            hygiene=self._told('hygiene', self._hygiene),
            worker=self._told('worker', self._worker))

    def _told(self, part: str, ask: Callable[[], T]) -> model.Told[T]:
        if part in self._args.skip:
            return model.NotAsked('It was left out with --skip %s.' % part)
        return told(ask)

    @functools.cached_property
    def _connection(self) -> Any:
        """:raises CommandError: there is none; said again each time"""
        try:
            return connection.of(self._command)
        except (osc_exceptions.CommandError, sdk_exceptions.SDKException,
                ksa_exceptions.ClientException) as error:
            # Their texts may quote what should not be shown.
            return osc_exceptions.CommandError(
                'There is no session with the cloud (%s). Log in to tell '
                'this.' % type(error).__name__)

    def _session(self) -> Any:
        if isinstance(self._connection, Exception):
            raise self._connection
        return self._connection

    # Files.

    def _plan(self) -> model.Told[plan.Planned]:
        from glance_lifecycle.planning import cloud_file
        from glance_lifecycle.planning import page_facts
        from glance_lifecycle.planning import placement_file
        if not self._args.cloud:
            if self._args.placement:
                raise osc_exceptions.CommandError(
                    '--placement is of a cloud: name that with --cloud.')
            return model.NotAsked('Name a file that describes the cloud with '
                                  '--cloud.')
        facts, cloud = input_file.load(
            self._args.cloud, cloud_file.MOST,
            lambda data: (data, cloud_file.load(data)))
        saved = input_file.load(
            self._args.placement, placement_file.MOST,
            lambda data: placement_file.load(
                data, facts, (one.name for one in cloud.stores))
        ) if self._args.placement else None
        return page_facts.page(cloud, saved)

    def _muted(self) -> tuple[mutes.Mute, ...]:
        from glance_lifecycle.audit.doctor import mutes
        from glance_lifecycle.policy import yaml_tree
        return () if self._args.mutes is None else input_file.load(
            str(self._args.mutes), yaml_tree.MAX_BYTES, mutes.load)

    def _wanted(self) -> model.Told[decision.Policy]:
        def ask() -> decision.Policy:
            return policy_options.policy(self._args)

        return ask() if self._args.policy else told(ask)

    # The Image API.

    def _catalogue(self) -> tuple[model.Told[catalogue.Catalogue],
                                  model.Told[drift.Drift]]:
        found = self._told('catalogue', self._images)
        if isinstance(found, model.NotAsked):
            return found, found
        images, differ = found
        if isinstance(self._policy, model.NotAsked):
            return images, self._policy
        return images, drift.Drift(
            differ, images.counted.formats.total())

    def _images(self) -> tuple[catalogue.Catalogue, counted.Drift]:
        """One look at all images does for both."""
        from glance_lifecycle.audit import catalogue as catalogues
        from glance_lifecycle.audit import drift as drifts
        from glance_lifecycle.audit import families
        client = self._session().image
        get = image_api.getter(client)
        now = datetime.datetime.now(datetime.UTC)
        differ = counted.Drift()
        with image_api.asking('list the images'):
            found = catalogues.Catalogue(image_api.store_names(client))
            images = found.through(drifts.catalogue(get, visibility='all'))
            if isinstance(self._policy, model.NotAsked):
                for _image in images:
                    pass
                return catalogue.Catalogue(found), differ
            kinds = image_api.store_kinds(client)
            classes = catalogues.Classes(self._policy, families.Families(
                get, self._policy, kinds, now).view)
            for one in drifts.drifted(images, self._policy, kinds, now=now,
                                      view=classes.view):
                differ.add(one)
        return catalogue.Catalogue(found, classes), differ

    def _signatures(self) -> counted.Findings:
        from glance_lifecycle.audit import drift as drifts
        from glance_lifecycle.audit import image
        from glance_lifecycle.audit import signatures as audits
        get = image_api.getter(self._session().image)
        store = key_store.store(self._trust, self._command)
        audit = audits.Audit(
            store.certificate, self._trusted, service_certificate_id=(
                key_store.service_certificate_id(self._trust)),
            policy_of=key_store.trusts(
                self._trust, self._policy if self._args.policy
                and not isinstance(self._policy, model.NotAsked) else None))
        found = counted.Findings()
        with image_api.asking('list the images'):
            for one in audit.findings(
                    image.Image.of(resource)
                    for resource in drifts.catalogue(get, visibility='all')
                    if resource.get('status') in drifts.SETTLED):
                found.add(one)
        return found

    # The configuration, and the services.

    def _health(self) -> dict[str, Any]:
        from glance_lifecycle.audit.doctor.asked import questions
        from glance_lifecycle.audit.doctor import beside
        from glance_lifecycle.audit.doctor import check
        from glance_lifecycle.audit.doctor import examination
        from glance_lifecycle.audit.doctor import mutes
        from glance_lifecycle.audit.doctor import report
        directories = self._directories()
        if isinstance(self._connection, Exception) and not directories:
            raise self._connection
        hosts = examination.gathered(
            [('localhost', path) for path in directories[:1]],
            examination.installed_release(), local=True,
            given=beside.Given(own=not self._args.config_file))
        live = None if isinstance(self._connection, Exception) else (
            questions.collect(self._connection, hosts))
        kinds = check.load_all()
        found = examination.examine(hosts, kinds, live)
        return report.data(
            found, mutes.apply(found.findings, self._mutes, datetime.datetime
                               .now(datetime.UTC).date()),
            {kind.code: kind for kind in kinds})

    def _directories(self) -> list[pathlib.Path]:
        """Where there is a configuration of glance-api."""
        named = [pathlib.Path(one).parent for one in self._args.config_file]
        return [one for one in named or [glance_config.directory()]
                if (one / _CONFIG).exists()]

    # A host of glance-api.

    def _duplicates(self) -> duplicates.Duplicates:
        store_host.configured(self._host)
        from glance_lifecycle.audit.duplicates import here
        totals = duplicates_options.Totals()
        with here.grouped() as found:
            first = [group for group in found.groups()
                     if totals.add(group) <= model.MOST_ROWS]
        return duplicates.Duplicates(totals.groups, totals.images,
                                     totals.back, tuple(first))

    def _hygiene(self) -> hygiene.Hygiene:
        store_host.configured(self._host)
        from glance_lifecycle.audit.hygiene import here
        found = counted.Findings()
        with here.examined((), 24 * amounts.HOUR) as examined:
            for item in examined.items():
                found.add(item.finding)
        return hygiene.Hygiene(examined.totals, found)

    # A host of the worker.

    def _worker(self) -> worker.Worker:
        from glance_lifecycle.worker import asked
        from glance_lifecycle.worker.database import ended
        with worker_host.database(self._host) as (database, conf):
            status = asked.status(
                database, state_dir=conf.lifecycle.state_dir,
                expiry=conf.lifecycle_worker.claim_expiry,
                limits=conf.lifecycle_worker.store_jobs)
            return worker.Worker(status, ended.since(
                database, status.at - datetime.timedelta(days=_DAYS)), _DAYS)


def told(ask: Callable[[], T]) -> model.Told[T]:
    """What is answered, or why nothing is."""
    try:
        with shown.errors():
            return ask()
    except osc_exceptions.CommandError as error:
        return model.NotAsked(exceptions.sentence(str(error)))
    except (sdk_exceptions.SDKException, ksa_exceptions.ClientException,
            OSError) as error:
        # Their texts may quote addresses with what should not be shown.
        return model.NotAsked('It cannot be asked (%s).'
                              % type(error).__name__)
