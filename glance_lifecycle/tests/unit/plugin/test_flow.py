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

"""The tasks fit together: what each needs, another provides.

``flow`` and its tasks import Glance's internals by one package, which stands
empty here: nothing of it runs.
"""

import importlib
import inspect
import sys
import types
from typing import Any
import unittest
from unittest import mock

from oslo_config import fixture as config_fixture
from taskflow.engines.action_engine import compiler

_GLANCE_IMAGE = 'glance_lifecycle.glance_host'

NAMES: dict[bool | str, list[str]] = {
    'worker': ['lifecycle-admit', 'lifecycle-offload'],
    True: ['lifecycle-admit', 'lifecycle-verify-source',
           'lifecycle-transfer', 'lifecycle-attest', 'lifecycle-seal'],
    False: ['lifecycle-admit', 'lifecycle-verify-source', 'lifecycle-stage',
            'lifecycle-attest', 'lifecycle-hand-over']}

PLAN = 'lifecycle_plan'
SOURCE = 'lifecycle_source'
RESULT = 'lifecycle_result'
PROPERTIES = 'lifecycle_properties'

EXPECTED = {
    'lifecycle-admit': ({'file_path'}, {PLAN}),
    'lifecycle-offload': ({PLAN}, set()),
    'lifecycle-verify-source': ({PLAN}, {SOURCE}),
    'lifecycle-transfer': ({PLAN}, {RESULT}),
    'lifecycle-stage': ({PLAN}, {RESULT}),
    'lifecycle-attest': ({PLAN, SOURCE, RESULT}, {PROPERTIES}),
    'lifecycle-seal': ({PLAN, RESULT, PROPERTIES}, set()),
    'lifecycle-hand-over': ({'file_path', PLAN, RESULT, PROPERTIES},
                            {'file_path'})}


class _Nothing(types.ModuleType):

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return Any


class FlowTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        known = {name: module for name, module in sys.modules.items()
                 if not name.startswith('glance_lifecycle.plugin.')}
        patch = mock.patch.dict(sys.modules, {
            **known, _GLANCE_IMAGE: _Nothing(_GLANCE_IMAGE)}, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def module(self) -> Any:
        return importlib.import_module('glance_lifecycle.plugin.flow')

    def flow(self, direct: bool | str, run_in: str = '') -> Any:
        """:param direct: or ``worker``, for that of ``run_in = worker``"""
        flow = self.module()
        session = mock.Mock(direct=bool(direct))
        conf = config_fixture.Config(flow.CONF)
        with conf, mock.patch.object(
                flow.sessions, 'get', return_value=session), \
                mock.patch.object(flow.outcome, 'follow'):
            conf.config(group='lifecycle_transfer', run_in=run_in or (
                'worker' if direct == 'worker' else 'child'))
            return flow.get_flow(task_id='t')

    def test_staged_imports_stay(self) -> None:
        """Glance uploads what they convert."""
        self.assertEqual(NAMES[False], [
            task.name for task, _meta in self.flow(
                False, 'worker').iter_nodes()])

    def test_requires_and_provides(self) -> None:
        for direct, names in NAMES.items():
            with self.subTest(direct=direct):
                flow = self.flow(direct)
                tasks = [task for task, _meta in flow.iter_nodes()]
                self.assertEqual(names, [task.name for task in tasks])
                self.assertEqual(
                    {name: EXPECTED[name] for name in names},
                    {task.name: (set(task.requires), set(task.provides))
                     for task in tasks})
                # Glance's own tasks provide no more than this before us.
                self.assertEqual({'file_path'}, set(flow.requires))
                compiler.PatternCompiler(flow).compile()

    def test_every_revert_takes_anything(self) -> None:
        for direct in NAMES:
            for task, _meta in self.flow(direct).iter_nodes():
                kinds = {parameter.kind for parameter in inspect.signature(
                    task.revert).parameters.values()}
                self.assertEqual({inspect.Parameter.VAR_POSITIONAL,
                                  inspect.Parameter.VAR_KEYWORD}, kinds)

    def test_cannot_be_built(self) -> None:
        """Glance would import without the plugin."""
        flow = self.module()
        with mock.patch.object(flow.sessions, 'get', side_effect=OSError):
            with self.assertLogs(flow.LOG.logger.name, 'ERROR'):
                (task, _meta), = flow.get_flow(task_id='t').iter_nodes()
        self.assertEqual('lifecycle-refuse', task.name)
