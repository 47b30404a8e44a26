"""e11: a dated forecast without reform, and predictions that can be checked."""
