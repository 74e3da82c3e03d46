#!/bin/sh
# Follows the master, found by the variables of its service or by its name in DNS.
if [ "${GET_HOSTS_FROM:-dns}" = env ] && [ -n "${REDIS_MASTER_SERVICE_HOST}" ]; then
  master="${REDIS_MASTER_SERVICE_HOST}"
else
  master=redis-master
fi
exec redis-server --protected-mode no --save "" --slaveof "${master}" 6379 "$@"
