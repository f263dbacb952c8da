"""Modules of a connectome, from two tables."""

import commstruct as cs

network = cs.read_connectome("connections.edges.csv", attributes="neurons.csv")
print(network)

modules = cs.find_modules(network)  # of any structure; one module without evidence
print(modules)

blocks = cs.block_structure(network, modules)
print(f"diagonal score {blocks.diagonal_score:.2f}")
print(f"structure strength {blocks.structure_strength:.2f}")

cs.plot_matrix(network, modules, scale="rank").savefig("matrix.png", dpi=200)
modules.to_pandas().to_csv("modules.csv")

# Is there more structure than in randomised networks? Modules are found anew in each;
# use 100 or more for a paper.
print(cs.structure_significance(network, structure="assortative", n_nulls=19))
