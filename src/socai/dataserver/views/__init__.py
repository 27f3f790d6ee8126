"""What people see, read from one tenant's file. Reads only."""
