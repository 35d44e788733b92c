"""How good labels are: metrics per task, equal to their public references, and the report per drive log."""
