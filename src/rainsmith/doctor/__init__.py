"""What this machine is for rainsmith: versions, device, number formats, memory, disk, and the speed of a training."""
