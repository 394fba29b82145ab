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

"""Every option is listed, and says when to change it."""

import unittest

from oslo_config import cfg

from glance_lifecycle.conf import opts


class OptsTest(unittest.TestCase):

    def test_register_twice(self) -> None:
        conf = cfg.ConfigOpts()
        opts.register_opts(conf)
        opts.register_opts(conf)
        conf([])
        self.assertEqual('auto', conf.lifecycle.mode)

    def test_help(self) -> None:
        for group, options in opts.list_opts():
            for option in options:
                with self.subTest('%s.%s' % (group.name, option.name)):
                    self.assertGreater(len((option.help or '').split()), 8)
