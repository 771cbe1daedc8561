"""What the pages share: the view in the URL, cached loading, pictures, figures."""
