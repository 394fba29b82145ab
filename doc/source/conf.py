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

"""Sphinx configuration of the documentation."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / '_ext'))

extensions = [
    'cliff.sphinxext',
    'doctor_checks',
    'openstackdocstheme',
    'oslo_config.sphinxext',
    'policy_fields',
    'sphinx.ext.graphviz',
]

# Text stays sharp, and can be searched.
graphviz_output_format = 'svg'

project = 'glance_lifecycle'
copyright = 'OpenStack Developers'  # noqa: A001 - Sphinx's name
root_doc = 'index'
html_theme = 'openstackdocs'
pygments_style = 'native'

openstackdocs_repo_name = 'openstack/glance-lifecycle'
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False
openstackdocs_bug_project = 'glance-lifecycle'
openstackdocs_bug_tag = 'doc'

autoprogram_cliff_application = 'openstack'

man_pages = [
    ('cli/openstack', 'openstack-image-lifecycle',
     'commands for the life of images', '', 1),
]
