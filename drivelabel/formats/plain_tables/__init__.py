"""Plain tables: one Parquet or CSV file per kind of label, for data frames and spreadsheets, and back."""
