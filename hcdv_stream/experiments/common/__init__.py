"""What experiments share: data sets, measures, methods, protocols."""
