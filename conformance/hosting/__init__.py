"""A scripted server that hosts the client under test: started for each case, fed, served awkwardly, watched, ended."""
