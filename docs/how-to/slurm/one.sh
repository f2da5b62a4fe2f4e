#!/bin/bash
#SBATCH --job-name=rainsmith-one
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.log
# Any command in one process:
#   sbatch one.sh report --run runs/my-region
set -euo pipefail
export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}"
exec rainsmith "$@"
