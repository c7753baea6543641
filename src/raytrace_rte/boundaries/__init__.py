"""What ends rays: walls, solid cells, triangle meshes."""
