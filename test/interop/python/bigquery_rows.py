"""What the scripts for either Flyte ask BigQuery, and how they read the answer: with Google's own client."""

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

QUERY = """
    SELECT @big AS big, @ratio AS ratio, @flag AS flag, @name AS name, @at AS at, @day AS day, @ids AS ids,
           @missing AS missing, @static AS static
"""


def read(api):
    """The latest job's labels and rows."""
    client = bigquery.Client("p", AnonymousCredentials(), client_options=ClientOptions(api_endpoint=api))
    [job] = client.list_jobs(max_results=1)
    rows = [[str(value) for value in row.values()] for row in client.get_job(job.job_id, location=job.location).result()]
    return {"job": job.job_id, "labels": job.labels, "rows": rows}
