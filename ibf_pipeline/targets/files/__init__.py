"""Plain files as a target: for a spreadsheet or a GIS, and for shadow runs beside another pipeline."""
