"""What makes a situation certain: scripts and their player, launch, freeze, observe, patience."""
