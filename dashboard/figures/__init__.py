"""Figures: pure functions of typed data, numbers in and a Plotly figure out. No request, no database, no globals."""
