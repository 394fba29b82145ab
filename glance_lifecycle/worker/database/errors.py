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

"""What the worker's database and its jobs raise on purpose."""

from glance_lifecycle import exceptions


class WorkerDatabaseError(exceptions.LifecycleError):
    """For longer than it was tried again, or for good.

    Nobody can tell whether the last change was made.
    """

    message = 'The database of the lifecycle worker failed: {detail}'


class DatabaseOutdated(exceptions.LifecycleError):
    """Its tables are not those of this release."""

    message = 'The database of the lifecycle worker does not fit: {detail}'


class DatabaseMissing(exceptions.LifecycleError):
    """Nobody has made it yet, and who only asks does not."""

    message = 'There is no database of the lifecycle worker: {detail}'


class DatabaseForbidden(exceptions.LifecycleError):
    """This user may not use it."""

    message = ('The database of the lifecycle worker is not for this user: '
               '{detail}')


class JobNotFound(exceptions.LifecycleError):
    message = 'There is no such job: {detail}'


class JobStateError(exceptions.LifecycleError):
    """The job is not in a state in which that can be done."""

    message = 'The job cannot be changed: {detail}'


class MoveStateError(exceptions.LifecycleError):
    """The migration is not in a state in which that can be done."""

    message = 'The migration cannot be changed: {detail}'


class MoveNotFound(exceptions.LifecycleError):
    message = 'There is no such migration: {detail}'


class Fenced(exceptions.LifecycleError):
    """The claim was taken away, so whoever held it may not act any more."""

    message = 'The claim of a job is gone: {detail}'


class JobCancelled(exceptions.LifecycleError):
    """Somebody asked for its end; its holder undoes what it has begun.

    The claim still holds, so that nobody begins the same meanwhile.
    """

    message = 'The job was cancelled: {detail}'
