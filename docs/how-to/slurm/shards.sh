#!/bin/bash
#SBATCH --job-name=rainsmith
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --output=%x-%A-%a.log
# One shard of a stage in each task of an array:
#   sbatch shards.sh sample --run runs/my-region
# Some shards again, such as the third and the seventh of eight:
#   SHARDS=8 sbatch --array=3,7 shards.sh sample --run runs/my-region
set -euo pipefail
export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}"
exec rainsmith "$@" --shard "$SLURM_ARRAY_TASK_ID/${SHARDS:-$SLURM_ARRAY_TASK_COUNT}"
