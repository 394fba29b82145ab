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

"""The unit tests mirror the package, file by file, or it is said why not.

``a/b.py`` has its tests in ``tests/unit/a/test_b.py``; one aspect of it may
have a module of its own, ``test_b_aspect.py``.
"""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import pathlib
import unittest

import glance_lifecycle

TOP = pathlib.Path(*glance_lifecycle.__path__)

# Tests of the project, not of a module.
PROJECT = {'test_architecture', 'test_container', 'test_devstack',
           'test_devstack_settings',
           'test_documentation', 'test_entry_points', 'test_messages',
           'test_mirror', 'test_tempest', 'test_waiting', 'test_zuul'}

# A check that is no entry point is not run: test_entry_points sees to that.
CHECKS = {f'audit/doctor/checks/{path.stem}'
          for path in (TOP / 'audit/doctor/checks').glob('[!_]*.py')}

# Unit tests of several modules at once, that have no others.
TOGETHER = {
    # Each runs the examples of its own.
    'audit/doctor/test_checks': {
        *CHECKS, 'audit/doctor/clones',
        'audit/doctor/compared', 'audit/doctor/credentials',
        'audit/doctor/directories', 'audit/doctor/history',
        'audit/doctor/near', 'audit/doctor/plugins',
        'audit/doctor/policies', 'audit/doctor/protections',
        'audit/doctor/store_sections', 'audit/doctor/worker_files'},
    # One policy is shown, checked and explained.
    'osc/test_policy': {
        'osc/common/policy_options', 'osc/policy_explain', 'osc/policy_show',
        'osc/policy_validate'},
    # The same copies are read back from each.
    'transfer/backends/test_stored': {
        'transfer/backends/driver/source', 'transfer/backends/file/source',
        'transfer/backends/null/source', 'transfer/backends/rbd/source'},
}

# Parts of what is tested as a whole, by the test of the whole.
WITHIN = {
    'unit/audit/diagnosis/causes/test_failed': {'audit/diagnosis/cause'},
    'unit/audit/diagnosis/symptoms/test_report': {
        'audit/diagnosis/symptoms/known', 'audit/diagnosis/symptoms/pages',
        'audit/diagnosis/symptoms/path'},
    'unit/audit/diagnosis/symptoms/test_slow_boot': {
        'audit/diagnosis/symptoms/cloning'},
    'unit/audit/test_pages': {
        'audit/caches/pages', 'audit/diagnosis/pages', 'audit/hygiene/pages',
        'audit/hygiene/local/pages', 'audit/page'},
    'unit/audit/cloud/test_writing': {'audit/cloud/document'},
    'unit/audit/caches/test_base_images': {'audit/caches/instances'},
    'unit/cmd/test_compute_cache': {
        'audit/caches/compute_advice', 'audit/caches/compute_report'},
    'unit/osc/test_doctor': {
        'osc/common/judging', 'osc/common/text_formatter',
        'osc/doctor_explain'},
    'unit/osc/test_migrate_default_store': {'osc/common/switch_text'},
    'unit/osc/test_policy': {'policy/explain'},
    'unit/osc/test_trace': {'osc/common/log_options'},
    'unit/reclaim/test_applying': {
        'reclaim/brake', 'reclaim/outcome', 'reclaim/second_look',
        'reclaim/undoing'},
    'unit/planning/test_advice': {
        'planning/compared', 'planning/exceptional', 'planning/matrix',
        'planning/words'},
    'unit/planning/caches/test_sizing': {
        'planning/caches/prefetch', 'planning/caches/report',
        'planning/caches/rows'},
    'unit/planning/test_cloud_file': {
        'planning/cloud_checks', 'planning/cloud_schema'},
    'unit/reclaim/duplicates/test_plan': {'reclaim/duplicates/outcome'},
    'unit/policy/test_document': {
        'policy/schema', 'policy/wants', 'policy/yaml_tree'},
    'unit/reporting/test_page': {
        'reporting/model', 'reporting/sections/catalogue',
        'reporting/sections/checks', 'reporting/sections/drift',
        'reporting/sections/duplicates', 'reporting/sections/hygiene',
        'reporting/sections/plan', 'reporting/sections/signatures',
        'reporting/sections/worker'},
    'unit/signing/test_attestation': {'signing/envelope'},
    'unit/signing/test_properties': {'signing/algorithms'},
    'unit/signing/test_trust': {'signing/chain'},
    'unit/signing/test_verify': {'signing/diagnosis'},
    'unit/transfer/test_journal': {'transfer/journal_file',
                                   'transfer/journal_record'},
    'unit/worker/test_caching': {'worker/nova_caches'},
    'unit/worker/test_observing': {'worker/open_jobs'},
    'unit/worker/test_service': {'worker/looking'},
    'unit/transfer/backends/driver/test_sink': {
        'transfer/backends/driver/store'},
    'unit/transfer/backends/file/test_quarantine': {
        'transfer/backends/file/kept'},
    'unit/transfer/backends/file/test_sink': {
        'transfer/backends/errors', 'transfer/backends/file/datadir',
        'transfer/backends/file/reflink', 'transfer/backends/file/undo',
        'transfer/sharing'},
    'unit/transfer/backends/test_inventory': {
        'transfer/backends/driver/inventory',
        'transfer/backends/null/inventory'},
    'unit/transfer/backends/test_quarantine': {
        'transfer/backends/null/quarantine'},
    'unit/transfer/backends/object_store/test_source': {
        'transfer/backends/object_store/ranges'},
    'unit/transfer/formats/test_content': {'transfer/formats/detect'},
    'unit/transfer/formats/foreign/test_layout': {
        'transfer/formats/foreign/layout_vhd',
        'transfer/formats/foreign/tables'},
    'unit/transfer/formats/qcow2/test_source': {
        'transfer/formats/qcow2/cluster', 'transfer/formats/qcow2/file',
        'transfer/formats/qcow2/header', 'transfer/formats/qcow2/layout',
        'transfer/formats/qcow2/map'},
    'unit/transfer/test_engine': {
        'transfer/buffers', 'transfer/digest', 'transfer/lane'},
    'unit/transfer/test_runner': {
        'transfer/child', 'transfer/job', 'transfer/opening',
        'transfer/work'},
    'unit/worker/test_notifications': {'worker/messaging'},
    'unit/worker/database/test_migration': {
        'worker/database/migrations/env',
        'worker/database/migrations/versions/5c1e7a90d3b4_initial',
        'worker/database/migrations/versions/8d2f6b41c7e9_one_running',
        'worker/database/migrations/versions/c3a5f09e21d7_stores',
        'worker/database/migrations/versions/c3e81f5a06d7_members',
        'worker/database/migrations/versions/e4b7c2915d60_moves',
        'worker/database/models'},
}

# What says nothing without the real thing - a Glance and its database, a
# store, a cloud - by the functional test that runs it there.
REAL = {
    'functional/test_cloud_facts': {
        'audit/cloud/collecting', 'audit/cloud/here', 'osc/cloud_show',
        'osc/common/cloud_facts', 'osc/common/probing'},
    'functional/stores/test_cloud_facts': {
        'copies/probing', 'transfer/backends/rbd/cloning'},
    'functional/stores/test_hygiene_rbd': {
        'transfer/backends/rbd/inventory'},
    'functional/stores/test_quarantine_objects': {
        'transfer/backends/s3/quarantine', 'transfer/backends/swift/copying',
        'transfer/backends/swift/manifests',
        'transfer/backends/swift/quarantine',
        'transfer/backends/swift/quarantined_segments'},
    'functional/stores/test_quarantine_rbd': {
        'transfer/backends/rbd/dependents', 'transfer/backends/rbd/names',
        'transfer/backends/rbd/quarantine', 'transfer/backends/rbd/snapshots',
        'transfer/backends/rbd/trash'},
    'functional/stores/test_repair': {'copies/room'},
    'functional/stores/test_locations_s3': {'copies/locations/checking'},
    'functional/stores/test_locations_swift': {
        'cmd/manage_locations', 'copies/locations/places',
        'copies/locations/rewriting', 'glance_host/locations'},
    'functional/stores/test_rbd': {
        'transfer/backends/rbd/cluster', 'transfer/backends/rbd/sink'},
    'functional/stores/test_s3': {
        'transfer/backends/s3/service', 'transfer/backends/s3/sink'},
    'functional/stores/test_source_matrix': {
        'transfer/backends/s3/source', 'transfer/backends/swift/source'},
    'functional/stores/test_store_copy_rbd': {'copies/server_side'},
    'functional/stores/test_swift': {
        'transfer/backends/swift/account', 'transfer/backends/swift/service',
        'transfer/backends/swift/sink', 'transfer/backends/swift/undo'},
    'functional/test_contract': {
        'glance_host/running', 'glance_host/settings',
        'glance_host/store_drivers'},
    'functional/worker/test_operator': {
        'osc/history', 'osc/job_change', 'osc/job_list', 'osc/job_show',
        'osc/status'},
    'functional/test_database': {'glance_host/transactions'},
    'functional/test_diagnose': {'osc/diagnose'},
    'functional/test_doctor': {
        'audit/doctor/asked/identity', 'audit/doctor/asked/image',
        'audit/doctor/asked/questions'},
    'functional/test_doctor_services': {
        'audit/doctor/asked/block_storage', 'audit/doctor/asked/compute'},
    'functional/test_duplicates': {
        'audit/duplicates/here', 'glance_host/contents',
        'osc/common/duplicates', 'osc/duplicates_list'},
    'functional/test_duplicates_plan': {
        'osc/common/duplicates_outcomes', 'osc/duplicates_plan',
        'osc/duplicates_undo',
        'reclaim/duplicates/applying', 'reclaim/duplicates/asked',
        'reclaim/duplicates/planning', 'reclaim/duplicates/undoing'},
    'functional/test_duplicates_share': {
        'copies/sharing', 'copies/sharing_here', 'osc/duplicates_share',
        'transfer/backends/file/dedupe',
        'transfer/backends/file/equal_files'},
    'functional/test_hygiene': {
        'audit/hygiene/here', 'glance_host/catalogue', 'jobs/inventories',
        'jobs/quarantines', 'osc/hygiene_list', 'osc/hygiene_show'},
    'functional/test_reclaim': {
        'osc/common/outcomes',
        'osc/common/amounts', 'osc/hygiene_plan', 'osc/hygiene_undo',
        'reclaim/here'},
    'functional/test_hygiene_local': {
        'audit/hygiene/local/here', 'osc/common/local_options'},
    'functional/test_locations_rename': {'copies/locations/renaming'},
    'functional/test_hygiene_export': {
        'osc/common/export_options', 'osc/hygiene_export'},
    'functional/test_import': {
        'glance_host/domain', 'jobs/targets', 'plugin/job',
        'plugin/session', 'plugin/tasks/admit', 'plugin/tasks/seal',
        'plugin/tasks/transfer'},
    'functional/test_kill': {'glance_host/database', 'plugin/outcome'},
    'functional/test_modes': {'plugin/tasks/stage'},
    'functional/test_osc_policy': {'osc/common/connection'},
    'functional/test_osc_signing': {
        'osc/attestation', 'osc/common/shown', 'osc/sign',
        'osc/verify'},
    'functional/test_plan_apply': {
        'osc/apply', 'osc/plan', 'worker/carrying_out', 'worker/cloud',
        'worker/flows', 'worker/tasks/base',
        'worker/tasks/dependents', 'worker/tasks/image'},
    'functional/test_policy': {'plugin/policy'},
    'functional/test_protection': {
        'enforcement/check', 'enforcement/guard', 'glance_host/enforcement'},
    'functional/test_repair': {
        'copies/examining', 'copies/repairing', 'copies/rewriting',
        'copies/virtual_size', 'glance_host/repairs', 'osc/repair'},
    'functional/test_migrate_format': {
        'osc/common/format_outcomes', 'osc/migrate_format_plan',
        'osc/migrate_format_run', 'osc/migrate_format_undo',
        'reclaim/formats/api', 'reclaim/formats/making',
        'reclaim/formats/outcome', 'reclaim/formats/planning',
        'reclaim/formats/running', 'reclaim/formats/undoing'},
    'functional/test_report': {
        'osc/common/report_facts', 'osc/common/report_options'},
    'functional/test_signing': {
        'plugin/signatures', 'plugin/tasks/attest',
        'plugin/tasks/verify_source', 'signing/configured'},
    'functional/test_symptoms': {'osc/common/image_facts'},
    'functional/test_store_copy': {
        'copies/copying', 'copies/facade', 'copies/host',
        'glance_host/copies', 'jobs/copies', 'copies/copy_image',
        'osc/common/progress', 'osc/common/store_host', 'osc/store_copy'},
    'functional/test_store_drop': {
        'copies/leading', 'copies/removal', 'osc/store_drop'},
    'functional/test_store_show_verify': {
        'copies/looking', 'copies/verifying', 'osc/store_show',
        'osc/store_verify'},
    'functional/worker/test_hygiene': {'reclaim/scheduled'},
    'functional/worker/test_migrate': {
        'osc/common/migrations', 'osc/migrate_change', 'osc/migrate_run',
        'osc/migrate_status', 'osc/migrate_undo',
        'worker/tasks/migrate', 'worker/tasks/reading'},
    'functional/worker/test_offload': {
        'plugin/tasks/offload', 'worker/importing'},
    'functional/worker/test_monitoring': {'worker/monitoring'},
    'functional/worker/test_prefetch': {'worker/tasks/prefetch'},
    'functional/worker/test_scrub': {'worker/tasks/scrub'},
    'functional/worker/test_service': {'worker/audit_events'},
    'functional/worker/test_sign': {'worker/tasks/sign'},
}

# Only declarations: options, data without methods, interfaces.
DECLARATIONS = {
    'audit/finding', 'conf/file_key_manager',
    'conf/lifecycle', 'conf/protection', 'conf/signing', 'conf/transfer',
    'conf/worker', 'conf/worker_hygiene', 'copies/known', 'dependents/null',
    'planning/assumed', 'planning/cloud', 'planning/known',
    'transfer/extents',
    'transfer/sink', 'transfer/source', 'version', 'worker/database/errors',
    'worker/host', 'worker/hygiene',
}


def modules(top: pathlib.Path) -> set[str]:
    """Paths of a package's modules, without the tests and ``.py``."""
    found = (path.relative_to(top).with_suffix('')
             for path in top.rglob('*.py') if path.stem != '__init__')
    return {path.as_posix() for path in found if path.parts[0] != 'tests'}


def unit_tests(top: pathlib.Path) -> set[str]:
    """The same, of the unit tests."""
    base = top / 'tests' / 'unit'
    return {path.relative_to(base).with_suffix('').as_posix()
            for path in base.rglob('test_*.py')}


def mirrored(test: str, there: Collection[str]) -> str | None:
    """The module that a test is named after, by as much as there is."""
    folder, _, name = test.rpartition('/')
    name = name.removeprefix('test_')
    while name:
        module = f'{folder}/{name}' if folder else name
        if module in there:
            return module
        name = name.rpartition('_')[0]
    return None


def tables() -> Iterator[tuple[str, str]]:
    """Module and test, as the tables above have them."""
    for test, names in TOGETHER.items():
        yield from ((name, 'unit/' + test) for name in names)
    for table in (WITHIN, REAL):
        for test, names in table.items():
            yield from ((name, test) for name in names)
    yield from ((name, '') for name in DECLARATIONS)


def strangers(tests: Collection[str], there: Collection[str],
              known: Collection[str]) -> list[str]:
    """Tests that are named after no module."""
    return sorted(test for test in tests
                  if test not in known and mirrored(test, there) is None)


def untested(tests: Collection[str], there: Collection[str],
             excused: Collection[str]) -> list[str]:
    """Modules that neither a test nor a table names."""
    seen = {mirrored(test, there) for test in tests}
    return sorted(set(there) - seen - set(excused))


def outdated(tests: Collection[str], there: Collection[str],
             excused: Mapping[str, str]) -> list[str]:
    """What the tables say of modules that are gone, or have a test by now."""
    seen = {mirrored(test, there) for test in tests}
    return sorted(module for module in excused
                  if module not in there or module in seen)


class MirrorTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.modules, self.tests = modules(TOP), unit_tests(TOP)
        self.excused = dict(tables())

    def test_tests_have_modules(self) -> None:
        self.assertEqual([], strangers(self.tests, self.modules,
                                       PROJECT | TOGETHER.keys()))

    def test_modules_have_tests(self) -> None:
        self.assertEqual([], untested(self.tests, self.modules,
                                      self.excused))

    def test_tables_shrink(self) -> None:
        self.assertEqual([], outdated(self.tests, self.modules,
                                      self.excused))

    def test_tables_name_tests(self) -> None:
        named = {test for _, test in tables() if test}
        self.assertEqual([], sorted(
            test for test in named
            if not (TOP / 'tests' / f'{test}.py').is_file()))
        self.assertEqual(len(list(tables())), len(self.excused))


class CheckTest(unittest.TestCase):
    """The checks find what they look for."""

    def test_all(self) -> None:
        there = {'a/b', 'a/b_c', 'a/d', 'e'}
        tests = {'a/test_b', 'a/test_b_other', 'a/test_b_c_other', 'test_f',
                 'test_a', 'a/test_e'}
        self.assertEqual(['a/b', 'a/b', 'a/b_c'], [
            mirrored(test, there) for test in (
                'a/test_b', 'a/test_b_other', 'a/test_b_c_other')])
        self.assertEqual(['a/test_e', 'test_a'],
                         strangers(tests, there, {'test_f'}))
        self.assertEqual(['e'], untested(tests, there, {'a/d'}))
        self.assertEqual(['a/b', 'gone'], outdated(
            tests, there, {'a/b': '', 'gone': '', 'a/d': ''}))
