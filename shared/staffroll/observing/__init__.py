"""What whoever runs us can see: metrics, probes, traces, and what is wrong."""
