"""Values and alarms when the concept changes, with V at rest and V moving."""
