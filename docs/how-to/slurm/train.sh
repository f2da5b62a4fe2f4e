#!/bin/bash
#SBATCH --job-name=rainsmith-train
#SBATCH --nodes=1
#SBATCH --gpus-per-node=2
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=%x-%j.log
# A training by as many processes as the node has GPUs, and one where it has none; a job that begins again resumes:
#   sbatch train.sh RUN_FOLDER [further options of rainsmith train]
set -euo pipefail
run=$1
shift
processes=${SLURM_GPUS_ON_NODE:-1}
export OMP_NUM_THREADS="$((${SLURM_CPUS_PER_TASK:-1} / processes))"
resume=()
if compgen -G "$run/checkpoints/last.ckpt" > /dev/null || compgen -G "$run/checkpoints/network-*/last.ckpt" > /dev/null
then
    resume=(--resume)
fi
if [ "$processes" -eq 1 ]; then
    exec rainsmith train --run "$run" "$@" "${resume[@]}"
fi
exec torchrun --standalone --nproc-per-node="$processes" -- \
    "$(command -v rainsmith)" train --run "$run" "$@" "${resume[@]}"
