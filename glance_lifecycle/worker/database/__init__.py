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

"""The worker's own database: jobs, history, sweep marks.

It is not Glance's. ``opening.open_database()`` gives the handle that all
functions here take first; they answer with frozen dataclasses of plain data,
and each call is one transaction, tried again where its failure may pass.

``engine``: transactions. ``jobs``: what is to be done. ``claims``: who does
it, and how it ends. ``history``: what was done. ``marks``: how far the sweep
has come. ``waiting``: queues and their ages. ``purging``: what is old enough
to go. ``migration``: the tables.
"""
