"""The data package: figures as printed, formulas, observations, tables; read and validated here."""
